//go:build unix

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// good is an answer without fault to a request of GET /livez.
func good(c *contract) (*request, answer) {
	at := slices.IndexFunc(c.operations, func(o *operation) bool { return o.id == "livez" })
	h := http.Header{}
	for name, value := range map[string]string{"X-Request-Id": "hostile-1", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", "Cache-Control": "no-store", "Content-Type": mediaJSON} {
		h.Set(name, value)
	}
	return &request{op: c.operations[at], method: "GET", target: "/livez", id: "hostile-1", secrets: []string{"a credential"}}, answer{status: 200, header: h, body: []byte(`{"status":"alive"}`)}
}

func TestTheOracleSeesEachFault(t *testing.T) {
	t.Parallel()
	c := theContract(t)
	o := &oracle{c.doc}
	r, a := good(c)
	if faults := o.faults(r, []answer{a}); len(faults) > 0 {
		t.Fatalf("without fault: got %q", faults)
	}
	set := func(name, value string) func(*request, *answer) {
		return func(_ *request, a *answer) { a.header.Set(name, value) }
	}
	problem := func(status int) func(*request, *answer) {
		return func(_ *request, a *answer) {
			a.status = status
			a.header.Set("Content-Type", mediaProblem)
			a.body = fmt.Appendf(nil, `{"type":"about:blank","title":"x","status":%d,"detail":"x","code":"not_found","request_id":"hostile-1"}`, status)
		}
	}
	for name, spoil := range map[string]func(*request, *answer){
		"a 500":                     problem(500),
		"a 503":                     problem(503),
		"a 422 that is nowhere":     problem(422),
		"a 401 without challenge":   problem(401),
		"a 405 without Allow":       problem(405),
		"a redirect":                func(_ *request, a *answer) { a.status = 302 },
		"a Location":                set("Location", "/"),
		"a server's name":           set("Server", "authd/1"),
		"another request's id":      set("X-Request-Id", "hostile-2"),
		"no id":                     set("X-Request-Id", ""),
		"sniffing":                  set("X-Content-Type-Options", ""),
		"scripts":                   set("Content-Security-Policy", "default-src *"),
		"a referrer":                set("Referrer-Policy", ""),
		"storage":                   set("Cache-Control", "public"),
		"a foreign origin":          set("Access-Control-Allow-Origin", "https://evil.example"),
		"another type":              set("Content-Type", "text/html"),
		"a header twice":            func(_ *request, a *answer) { a.header.Add("Cache-Control", "no-store") },
		"an echo in the body":       func(_ *request, a *answer) { a.body = []byte(`{"status":"` + mark + `"}`) },
		"an echo in a header":       set("X-Echo", mark),
		"a member too many":         func(_ *request, a *answer) { a.body = []byte(`{"status":"alive","version":"1"}`) },
		"no JSON":                   func(_ *request, a *answer) { a.body = []byte(`alive`) },
		"a success to be refused":   func(r *request, _ *answer) { r.refused = true },
		"a bad token called active": func(_ *request, a *answer) { a.body = []byte(`{"active":true}`) },
		"a credential in an error": func(r *request, a *answer) {
			problem(404)(r, a)
			a.body = bytes.Replace(a.body, []byte(`"detail":"x"`), []byte(`"detail":"a credential"`), 1)
		},
		"an error in plain text": func(_ *request, a *answer) { a.status = 404; a.header.Set("Content-Type", "text/plain") },
	} {
		r, a := good(c)
		spoil(r, &a)
		if len(o.faults(r, []answer{a})) == 0 {
			t.Errorf("%s: no fault was seen", name)
		}
	}
	raw, a := good(c)
	raw.raw, raw.answers = []byte("x"), 1
	if len(o.faults(raw, []answer{a, a})) == 0 {
		t.Error("two answers to one request: no fault was seen")
	}
	a.header.Set("X-Request-Id", "smuggled-hostile-1")
	if len(o.faults(raw, []answer{a})) == 0 {
		t.Error("an answer to what was smuggled: no fault was seen")
	}
}
