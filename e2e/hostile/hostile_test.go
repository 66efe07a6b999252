//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/authd/authd/internal/store/pgtest"
)

// program is the built authd.
var program string

func TestMain(m *testing.M) {
	os.Exit(withProgram(m))
}

func withProgram(m *testing.M) int {
	folder, err := os.MkdirTemp("", "authd-hostile-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if program, err = build(context.Background(), "../..", folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// The whole of it, small: six hundred requests of strangers and as many of insiders on each store.
func TestHostileRequestsChangeNothingAndFindNoFault(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("two processes on each store, which the round without -short starts")
	}
	for _, p := range []plan{{store: "sqlite"}, {store: "postgres"}} {
		t.Run(p.store, func(t *testing.T) {
			t.Parallel()
			if p.store == "postgres" {
				p.url = pgtest.New(t)
			}
			p.throttled, p.requests, p.first, p.insiders = true, 1_200, blockSize-600, 2
			r, err := carryOut(t.Context(), p, theContract(t), 1, program, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range r.faults {
				t.Error(fault)
			}
			if len(r.operations) < 40 || len(r.samples) != 2 || r.lines < 500 {
				t.Errorf("%d operations, %d samples, %d lines of log: that is no attack", len(r.operations), len(r.samples), r.lines)
			}
		})
	}
}

// once, because reading it takes longer than most of what is tested with it.
var once = sync.OnceValues(func() (*contract, error) { return readContract("../../openapi.yaml") })

func theContract(t testing.TB) *contract {
	t.Helper()
	c, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// nobody is a cast that no authd knows.
func nobody() *cast {
	a := &account{name: "ada", id: "00000000-0000-7000-8000-000000000001", access: "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl", refresh: "art_" + strings.Repeat("B", 92),
		session: strings.Repeat("s", 22), machine: strings.Repeat("j", 16), reset: "apr_" + strings.Repeat("C", 64), parent: "art_" + strings.Repeat("D", 92)}
	s := &slot{}
	s.Store(a)
	return &cast{admin: adminToken, victims: []*account{a}, insiders: []*slot{s}, dead: []*account{a}, machine: client{"m", "acs_m", a.access},
		prey: client{"p", "acs_p", a.access}, forged: []string{"a.b.c"}, kids: []string{"k"}, page: "p.a.ge", cursors: []string{"f.0.0"}, public: "127.0.0.1:1", private: "127.0.0.1:2"}
}

func TestASeedAndANumberMakeOneRequest(t *testing.T) {
	t.Parallel()
	g := &generator{seed: 7, contract: theContract(t), reaching: 2}
	other := &generator{seed: 8, contract: g.contract, reaching: 2}
	differ := 0
	for n := range uint64(500) {
		n += blockSize - 250
		one, two := g.make(n, nobody()), g.make(n, nobody())
		if !bytes.Equal(one.bytes(), two.bytes()) || one.refused != two.refused {
			t.Fatalf("number %d was two requests:\n%v\n%v", n, one, two)
		}
		if !bytes.Equal(one.bytes(), other.make(n, nobody()).bytes()) {
			differ++
		}
	}
	if differ < 450 {
		t.Errorf("of 500 requests another seed changes %d", differ)
	}
}

func TestEveryOperationIsAttackedInEveryWayThatFitsIt(t *testing.T) {
	t.Parallel()
	g := &generator{seed: 1, contract: theContract(t), reaching: 2}
	seen := map[string]bool{}
	for n := range uint64(6_000) {
		r := g.make(n, nobody())
		for _, s := range r.spoiled {
			class, _, _ := strings.Cut(s, ": ")
			seen[r.op.id+" "+class] = true
		}
	}
	for _, op := range g.contract.operations {
		for _, s := range spoilers {
			if s.of != nil && !s.of(op) || s.class == "credential" && op.scheme == "" {
				continue
			}
			if !seen[op.id+" "+s.class] {
				t.Errorf("%s: %s was never spoiled", op.id, s.class)
			}
		}
	}
}

func TestANewOperationIsAttackedBecauseTheContractHasIt(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const added = `
  /pets/{id}:
    put:
      operationId: feedPet
      security:
        - accessToken: []
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [food]
              properties:
                food: {type: string}
                much: {type: boolean}
      responses:
        "204":
          description: Fed.
`
	c, err := parseContract([]byte(strings.Replace(string(text), "\npaths:\n", "\npaths:"+added, 1)))
	if err != nil {
		t.Fatal(err)
	}
	g, sent := &generator{seed: 1, contract: c, reaching: 2}, map[string]int{}
	for n := range uint64(4_000) {
		if r := g.make(n, nobody()); r.op.id == "feedPet" && r.raw == nil {
			for _, class := range r.classes() {
				sent[class]++
			}
			if strings.Contains(string(r.body), `"food":`) && strings.Contains(r.target, "/pets/") {
				sent["whole"]++
			}
		}
	}
	if len(sent) < 10 || sent["whole"] < 20 {
		t.Errorf("got %v, want it spoiled in ten ways", sent)
	}
}

func TestABitIsFlippedAtEveryPlaceOfAToken(t *testing.T) {
	t.Parallel()
	g := &generator{seed: 1, contract: theContract(t)}
	genuine := nobody().victims[0].refresh
	places := map[int]bool{}
	for n := range uint64(6_000) {
		d := newDraft(g.seed, n)
		_, bad := flipped(d, genuine)
		for i := range genuine {
			if bad[i] != genuine[i] {
				places[i] = true
			}
		}
	}
	if len(places) != len(genuine) {
		t.Errorf("of %d places %d were flipped", len(genuine), len(places))
	}
}

func TestNoBadCredentialIsAGenuineOne(t *testing.T) {
	t.Parallel()
	c := nobody()
	v := c.victims[0]
	c.dead = []*account{{id: "dead", access: "dead", refresh: "dead", session: "dead"}}
	genuine := map[role][]string{roleAccess: {v.access}, roleRefresh: {v.refresh, v.parent}, roleReset: {v.reset}, roleAdmin: {c.admin},
		roleSecret: {c.prey.secret, c.machine.secret}, roleAny: {v.access, v.refresh, c.prey.token}}
	for n := range uint64(9_000) {
		d := newDraft(1, n)
		d.cast = c
		r := role(n % 6)
		if name, text := c.bad(d, r); slices.Contains(genuine[r], text) {
			t.Fatalf("number %d, %q: %q is a genuine credential of role %d", n, name, text, r)
		}
	}
}

// good is an answer without fault to a request of GET /livez.
func good(c *contract) (*request, answer) {
	at := slices.IndexFunc(c.operations, func(o *operation) bool { return o.id == "livez" })
	h := http.Header{}
	for name, value := range map[string]string{"X-Request-Id": "hostile-1", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Cache-Control": "no-store", "Content-Type": mediaJSON} {
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

func TestTheLogIsJudged(t *testing.T) {
	t.Parallel()
	for line, bad := range map[string]bool{
		`{"level":"INFO","msg":"request"}`:                false,
		`{"level":"WARN","msg":"x"}`:                      false,
		`{"level":"ERROR","msg":"x"}`:                     true,
		`{"level":"INFO","msg":"` + mark + `"}`:           true,
		`{"level":"INFO","msg":"x","a":"art_AQabc"}`:      true,
		`{"level":"INFO","msg":"x","a":"eyJhbGciOi.x"}`:   true,
		`{"level":"INFO","msg":"x","a":"` + theirs + `"}`: true,
		`panic: runtime error`:                            true,
		`goroutine 1 [running]:`:                          true,
		`authd listens on http://127.0.0.1:1`:             false,
	} {
		s := &server{warned: map[string]int{}}
		s.read(strings.NewReader(line+"\n"), nil)
		if got := s.complaints(); (len(got) > 0) != bad {
			t.Errorf("%s: got %q", line, got)
		}
	}
}

func TestARowThatNobodyAdmitsToHaveChangedIsAFault(t *testing.T) {
	t.Parallel()
	const id = "00000000-0000-7000-8000-000000000001"
	hex := strings.ReplaceAll(id, "-", "")
	columns := []string{"session_id", "user_id", "generation"}
	of := func(all ...row) rows {
		m := rows{}
		for _, r := range all {
			m[r] = true
		}
		return m
	}
	one := summary("sessions", columns, []any{"a", hex, 1})
	two := summary("sessions", columns, []any{"a", hex, 2})
	for name, pair := range map[string][2]rows{"changed": {of(one), of(two)}, "new": {of(), of(one)}, "gone": {of(one), of()}} {
		silent, admitted := &ledger{owner: map[string]bool{}}, &ledger{owner: map[string]bool{}}
		admitted.admit(id)
		if len(silent.unexplained(pair[0], pair[1])) == 0 {
			t.Errorf("%s: no fault was seen", name)
		}
		if got := admitted.unexplained(pair[0], pair[1]); len(got) > 0 {
			t.Errorf("%s, and admitted: got %q", name, got)
		}
	}
	beat := []string{"singleton", "feed_id", "seq", "mark", "as_of", "max_ttl"}
	if summary("feed_head", beat, []any{1, "f", 1, 1, 1, 9}) != summary("feed_head", beat, []any{1, "f", 2, 2, 2, 9}) {
		t.Error("a heartbeat was taken for a change")
	}
	if summary("feed_head", beat, []any{1, "f", 1, 1, 1, 9}) == summary("feed_head", beat, []any{1, "g", 1, 1, 1, 9}) {
		t.Error("another feed was taken for a heartbeat")
	}
}

func TestWhatGrowsIsAFault(t *testing.T) {
	t.Parallel()
	flat := make([]sample, 40)
	for i := range flat {
		flat[i] = sample{i, 40 + float64(i%3), 3 + float64(i%2), 30 + i%5, 25}
	}
	if got := grown(flat); len(got) > 0 {
		t.Errorf("flat: got %q", got)
	}
	for name, grow := range map[string]func(*sample, int){
		"resident": func(s *sample, i int) { s.resident += float64(i) }, "heap": func(s *sample, i int) { s.heap += float64(i) / 2 },
		"goroutines": func(s *sample, i int) { s.goroutines += i }, "files": func(s *sample, i int) { s.files += i },
	} {
		all := slices.Clone(flat)
		for i := range all {
			grow(&all[i], i)
		}
		if got := grown(all); len(got) != 1 || !strings.Contains(got[0], name) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}
