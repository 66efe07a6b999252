package api

import (
	"net/http"
	"strings"
	"testing"
)

// taker is a route that takes a body.
type taker struct {
	path   string
	good   string // a body that it takes
	member string // one of its members
	closed bool   // nobody may use it without an access token
}

// sent is a call with a body.
func (r taker) sent(body string) call {
	if r.closed {
		return post(r.path, body).bearing("x")
	}
	return post(r.path, body)
}

// takers are the routes that take a body.
var takers = []taker{
	{path: "/register", good: `{"username":"ada","password":"correct horse"}`, member: "username"},
	{path: "/login", good: `{"username":"ada","password":"correct horse","device":"phone"}`, member: "device"},
	{path: "/refresh", good: `{"refresh_token":"art_x"}`, member: "refresh_token"},
	{path: "/logout", good: `{"refresh_token":"art_x","scope":"session"}`, member: "scope"},
	{path: "/password", good: `{"current_password":"correct horse","new_password":"another horse"}`, member: "new_password", closed: true},
	{path: "/password/reset", good: `{"token":"apr_x","new_password":"another horse"}`, member: "token"},
	{path: "/me/delete", good: `{"password":"correct horse"}`, member: "password", closed: true},
}

// badBodies makes a bad body of a good one. Nothing behind the decoder may hear of any of them.
var badBodies = []struct {
	name    string
	spoil   func(good, member string) string
	pointer func(member string) string // nil: none
}{
	{"F5 null", always(`null`), nil},
	{"F5 an array", always(`[]`), nil},
	{"F5 an array around it", func(good, _ string) string { return "[" + good + "]" }, nil},
	{"F5 a string", always(`"x"`), nil},
	{"F5 a number", always(`1`), nil},
	{"F5 white space", always(" \r\n\t"), nil},
	{"F5 half an object", func(good, _ string) string { return good[:len(good)-1] }, nil},
	{"F5 trailing text", func(good, _ string) string { return good + "x" }, nil},
	{"F5 trailing brace", func(good, _ string) string { return good + "}" }, nil},
	{"F5 two documents", func(good, _ string) string { return good + "\n" + good }, nil},
	{"F5 trailing NUL", func(good, _ string) string { return good + "\x00" }, nil},
	{"a trailing comma", func(good, _ string) string { return good[:len(good)-1] + ",}" }, nil},
	{"a comment", func(good, _ string) string { return "/**/" + good }, nil},
	{"single quotes", func(good, _ string) string { return strings.ReplaceAll(good, `"`, `'`) }, nil},
	{"a form", always("username=ada&password=x"), nil},
	{"F3 a repeated member", func(good, member string) string { return also(good, member, `"x"`) }, itself},
	{"F3 a repeated member, escaped", func(good, member string) string { return also(good, escaped(member), `"x"`) }, itself},
	{"F4 wrong case, beside it", func(good, member string) string { return also(good, strings.ToUpper(member), `"x"`) }, upper},
	{"F4 wrong case", func(good, member string) string {
		return strings.Replace(good, `"`+member+`"`, `"`+strings.ToUpper(member)+`"`, 1)
	}, upper},
	{"F27 a member too many", func(good, _ string) string { return also(good, "roles", `["admin"]`) }, constant("/roles")},
	{"F27 epoch", func(good, _ string) string { return also(good, "epoch", `9`) }, constant("/epoch")},
	{"a member without a name", func(good, _ string) string { return also(good, "", `1`) }, constant("/")},
	{"__proto__", func(good, _ string) string { return also(good, "__proto__", `{}`) }, constant("/__proto__")},
	{"F9 null for a string", func(_, member string) string { return only(member, `null`) }, itself},
	{"F9 an object for a string", func(_, member string) string { return only(member, `{"$ne":""}`) }, itself},
	{"F9 an array for a string", func(_, member string) string { return only(member, `["x"]`) }, itself},
	{"F9 a number for a string", func(_, member string) string { return only(member, `1`) }, itself},
	{"F9 true for a string", func(_, member string) string { return only(member, `true`) }, itself},
	{"F6 1e999 for a string", func(_, member string) string { return only(member, `1e999`) }, itself},
	{"F6 arrays without end", func(_, member string) string { return only(member, strings.Repeat("[", 8000)) }, itself},
	{"F6 objects without end", func(_, member string) string {
		return only(member, strings.Repeat(`{"a":`, 3000))
	}, itself},
	{"F6 a thousand members", func(string, string) string {
		return "{" + strings.Repeat(`"a":1,`, 1000) + `"a":1}`
	}, constant("/a")},
	{"F6 a long name", func(good, _ string) string { return also(good, strings.Repeat("n", 9000), `1`) }, nil},
	{"F8 BOM", func(good, _ string) string { return "\ufeff" + good }, nil},
	{"F8 UTF-16", func(good, _ string) string { return "\xff\xfe" + strings.Join(strings.Split(good, ""), "\x00") }, nil},
	{"F8 bad UTF-8 in a value", func(_, member string) string { return only(member, "\"\xff\"") }, itself},
	{"F8 bad UTF-8 in a name", func(good, _ string) string { return also(good, "\xc3\x28", `1`) }, nil},
	{"F8 overlong UTF-8", func(_, member string) string { return only(member, "\"\xc0\xaf\"") }, itself},
	{"F8 a surrogate in UTF-8", func(_, member string) string { return only(member, "\"\xed\xa0\x80\"") }, itself},
	{"F8 E7 a lone high surrogate", func(_, member string) string { return only(member, `"\ud800"`) }, itself},
	{"F8 E7 a lone low surrogate", func(_, member string) string { return only(member, `"\udc00"`) }, itself},
	{"F8 E7 a surrogate and a letter", func(_, member string) string { return only(member, `"\ud800a"`) }, itself},
	{"F8 surrogates swapped", func(_, member string) string { return only(member, `"\udc00\ud800"`) }, itself},
	{"a control character", func(_, member string) string { return only(member, "\"\x01\"") }, itself},
	{"an unknown escape", func(_, member string) string { return only(member, `"\x41"`) }, itself},
}

func always(body string) func(string, string) string {
	return func(string, string) string { return body }
}
func only(member, value string) string { return `{"` + member + `":` + value + `}` }
func also(good, member, value string) string {
	return good[:len(good)-1] + `,"` + member + `":` + value + `}`
}
func escaped(member string) string                { return `\u00` + hex(member[0]) + member[1:] }
func hex(c byte) string                           { return string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]) }
func itself(member string) string                 { return "/" + member }
func upper(member string) string                  { return "/" + strings.ToUpper(member) }
func constant(pointer string) func(string) string { return func(string) string { return pointer } }

func TestABodyThatCanBeReadInTwoWaysIsNotRead(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{}) // whatever reaches a service is answered 2xx or 500
	for _, taker := range takers {
		for _, bad := range badBodies {
			t.Run(taker.path+" "+bad.name, func(t *testing.T) {
				t.Parallel()
				a := do(t, handler, taker.sent(bad.spoil(taker.good, taker.member)))
				p := a.problem(t, http.StatusBadRequest, "invalid_request")
				want := ""
				if bad.pointer != nil {
					want = bad.pointer(taker.member)
				}
				if p.Pointer != want {
					t.Errorf("pointer: got %q, want %q", p.Pointer, want)
				}
			})
		}
	}
}

func TestAMissingMemberIsNamed(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for _, test := range []struct{ path, body, pointer string }{
		{"/register", `{}`, "/username"},
		{"/register", `{"username":""}`, "/password"},
		{"/register", `{"password":""}`, "/username"},
		{"/login", `{"username":"ada","device":"x"}`, "/password"},
		{"/password", `{"new_password":"x"}`, "/current_password"},
		{"/password", `{"current_password":"x"}`, "/new_password"},
		{"/password/reset", `{"new_password":"x"}`, "/token"},
		{"/password/reset", `{"token":"x"}`, "/new_password"},
		{"/me/delete", `{}`, "/password"},
	} {
		p := do(t, handler, post(test.path, test.body)).problem(t, http.StatusBadRequest, "invalid_request")
		if p.Pointer != test.pointer {
			t.Errorf("%s %s: pointer: got %q, want %q", test.path, test.body, p.Pointer, test.pointer)
		}
	}
}

func TestTheMediaTypeIsJSONInUTF8AndNothingElse(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{err: errReached})
	for _, test := range []struct {
		contentType string
		status      int
	}{
		{"application/json", 400},
		{"application/json; charset=utf-8", 400},
		{`application/json;charset="UTF-8"`, 400},
		{"Application/JSON", 400},
		{"", 415}, // F7: missing
		{"application/json; charset=utf-16", 415},
		{"application/json; charset=latin1", 415},
		{"application/json; version=1", 415},
		{"application/json; charset=utf-8; version=1", 415},
		{"application/problem+json", 415},
		{"application/jsonp", 415},
		{"text/json", 415},
		{"text/plain", 415}, // what a form of another site can send without asking
		{"multipart/form-data; boundary=x", 415},
		{"application/x-www-form-urlencoded", 415},
		{"application/json, text/plain", 415},
		{"application/json; charset=utf-8; charset=utf-16", 415},
		{"application/json; charset*=utf-8''utf-8", 415},
		{"application/json; charset*0=utf-; charset*1=8", 415},
		{"*/*", 415},
	} {
		for _, taker := range takers {
			a := do(t, handler, taker.sent(taker.good).with("Content-Type", test.contentType))
			if a.status != test.status {
				t.Errorf("%s as %q: got %d %s, want %d", taker.path, test.contentType, a.status, a.body, test.status)
			}
		}
	}
}

func TestTwoContentTypesAreNone(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{err: errReached})
	for _, taker := range takers {
		c := taker.sent(taker.good).with("Content-Type", mediaJSON).with("Content-Type", "text/plain")
		do(t, handler, c).problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
}

func TestAContentCodingIsRefused(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{err: errReached})
	for _, coding := range []string{"gzip", "identity", "br, gzip", "x"} {
		for _, taker := range takers {
			a := do(t, handler, taker.sent(taker.good).with("Content-Encoding", coding))
			a.problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
			if got := a.header.Get("Accept-Encoding"); got != "identity" {
				t.Errorf("%s as %s: Accept-Encoding: got %q", taker.path, coding, got)
			}
		}
	}
}

func TestABodyMayHave16KiB(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{err: errReached})
	for _, taker := range takers {
		full := taker.good + strings.Repeat(" ", maxBody-len(taker.good))
		do(t, handler, taker.sent(full)).problem(t, http.StatusBadRequest, "invalid_request")
		a := do(t, handler, taker.sent(full+" "))
		a.problem(t, http.StatusRequestEntityTooLarge, "body_too_large")
		if got := a.header.Get("Connection"); got != "close" {
			t.Errorf("%s: Connection: got %q, want close", taker.path, got)
		}
	}
}

func TestOnlyLogoutNeedsNoBody(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for _, taker := range takers {
		empty := post(taker.path, "").bearing("x").with("Content-Type", mediaJSON)
		a := do(t, handler, empty)
		if want := map[bool]int{true: 204, false: 400}[taker.path == "/logout"]; a.status != want {
			t.Errorf("%s: got %d, want %d", taker.path, a.status, want)
		}
	}
	if a := do(t, handler, post("/logout", "").bearing("x")); a.status != http.StatusNoContent {
		t.Errorf("without a content type: got %d %s", a.status, a.body)
	}
}

func TestADeviceIsNamedInShortPlainText(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{err: errReached})
	for _, test := range []struct{ device, pointer string }{
		{strings.Repeat("d", 128), ""},
		{"  " + strings.Repeat("d", 128) + `\t\n`, ""},
		{"", ""},
		{strings.Repeat("d", 129), "/device"},
		{strings.Repeat("ü", 65), "/device"},
		{`a\u0000b`, "/device"},
		{`a\u001b[31mb`, "/device"}, // F25
		{`a\u0085b`, "/device"},
	} {
		body := `{"username":"ada","password":"x","device":"` + test.device + `"}`
		p := do(t, handler, post("/login", body)).problem(t, http.StatusBadRequest, "invalid_request")
		if p.Pointer != test.pointer {
			t.Errorf("%q: pointer: got %q, want %q", test.device, p.Pointer, test.pointer)
		}
	}
}

func TestALogoutHasOneOfThreeScopes(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for scope, want := range map[string]int{"session": 204, "others": 204, "all": 204,
		"": 400, "ALL": 400, "all ": 400, "everyone": 400} {
		a := do(t, handler, post("/logout", `{"scope":"`+scope+`"}`).bearing("x"))
		if a.status != want {
			t.Errorf("%q: got %d %s, want %d", scope, a.status, a.body, want)
		}
	}
}

// errReached is what the services answer in tests of what comes before them. Its code is one that
// every route with a body documents.
var errReached = invalidRequest("", "reached")
