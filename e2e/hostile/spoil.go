//go:build unix

package main

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// spoiler is a class of the ways to spoil a request. Order is that in which two of them are applied.
type spoiler struct {
	class string
	order int
	of    func(*operation) bool // those that have what is spoiled; nil: all
	spoil func(*draft)
}

// spoilers are all classes but bytes that are no HTTP. That of credentials comes first: it decides how the
// request is made, and has nothing left to do afterwards.
var spoilers = []*spoiler{
	{"credential", 0, nil, func(*draft) {}},
	{"member", 1, takesJSON, spoilMember},
	{"value", 2, takesJSON, spoilValue},
	{"form", 3, takesForm, spoilForm},
	{"json", 4, takesJSON, spoilJSON},
	{"length", 5, takesBody, spoilLength},
	{"media type", 6, takesBody, spoilMedia},
	{"authorization", 7, nil, spoilAuthorization},
	{"header", 8, nil, spoilHeader},
	{"cookie", 8, func(o *operation) bool { return o.cookie != "" }, spoilCookie},
	{"host", 9, nil, spoilHost},
	{"query", 10, nil, spoilQuery},
	{"path", 11, nil, spoilPath},
	{"method", 12, nil, spoilMethod},
	{"framing", 13, takesBody, spoilFraming},
}

func takesBody(o *operation) bool { return o.media != "" }
func takesForm(o *operation) bool { return o.media == mediaForm }
func takesJSON(o *operation) bool { return o.media == mediaJSON }

// did notes what was done. A request that is refused for it must not succeed.
func (d *draft) did(class, what string, refused bool) {
	d.spoiled = append(d.spoiled, class+": "+what)
	d.refused = d.refused || refused
}

// spoilMember breaks the set of members.
func spoilMember(d *draft) {
	at := d.IntN(len(d.members))
	m := d.members[at]
	name := strings.Trim(m.name, `"`)
	add := func(name, value string) {
		d.members = slices.Insert(d.members, d.IntN(len(d.members)+1), field{name, value})
	}
	switch d.IntN(8) {
	case 0:
		add(m.name, `"x"`)
		d.did("member", "twice", true)
	case 1:
		add(fmt.Sprintf(`"\u%04x%s"`, name[0], name[1:]), m.value)
		d.did("member", "twice, once escaped", true)
	case 2:
		d.members[at].name = quote(strings.ToUpper(name))
		d.did("member", "upper case", true)
	case 3:
		d.members[at].name = quote(strings.ToUpper(name[:1]) + name[1:])
		d.did("member", "capital", true)
	case 4:
		add(quote(pick(d, []string{"role", "roles", "epoch", "admin", "is_admin", "id", "__proto__", "", " ", "constructor", "sub", "é", "scopes", "x", "user"})+" "), "1")
		d.did("member", "unknown", true)
	case 5:
		needed := slices.Contains(d.op.body.Required, name)
		d.members = slices.Delete(d.members, at, at+1)
		d.did("member", "missing", needed)
	case 6:
		for range 300 + d.IntN(500) {
			d.members = append(d.members, field{`"a"`, "1"})
		}
		d.did("member", "hundreds", true)
	default:
		d.members[at].name = pick(d, []string{name, "'" + name + "'", `"` + name, "1", "null", "\"\xff\"", `"\ud800"`, "", `"a":"b"`})
		d.did("member", "no name", true)
	}
}

// spoilValue puts something strange where a value is expected.
func spoilValue(d *draft) {
	at := d.IntN(len(d.members))
	m := &d.members[at]
	schema := d.op.body.Properties[strings.Trim(m.name, `"`)]
	switch {
	case d.chance(30):
		m.value = pick(d, noValues)
		d.did("value", "no JSON", true)
	case d.chance(40) && schema != nil:
		m.value = pick(d, wrongTypes)
		text := schema.Value.Type.Is("string")
		list := strings.HasPrefix(m.value, "[") && !text
		d.did("value", "of another type", text || !list)
	case schema != nil && !schema.Value.Type.Is("string"):
		m.value = quote(pick(d, texts))
		d.did("value", "a text", true)
	default:
		m.value = quote(pick(d, texts))
		d.did("value", "a strange text", false)
	}
}

// bend is a way to make something bad of something good.
type bend struct {
	name string
	of   func(good string) string
}

func always(text string) func(string) string { return func(string) string { return text } }
func with(before, after string) func(string) string {
	return func(good string) string { return before + good + after }
}
func spaced(begin, between, end string) func(string) string {
	return func(good string) string { return begin + strings.Join(strings.Split(good, ""), between) + end }
}

// notJSON makes of an object what no reader of one object in UTF-8 takes.
var notJSON = []bend{
	{"null", always("null")}, {"a list", always("[]")}, {"in a list", with("[", "]")}, {"a text", always(`"x"`)}, {"a number", always("1e999")}, {"blank", always(" \r\n\t")},
	{"half", func(good string) string { return good[:len(good)-1] }}, {"begun", func(good string) string { return good[:(len(good)+1)/2] }},
	{"with text behind", with("", "x")}, {"with a brace behind", with("", "}")}, {"twice", func(good string) string { return good + good }},
	{"twice in lines", func(good string) string { return good + "\n" + good }}, {"with NUL", with("", "\x00")}, {"NUL before", with("\x00", "")},
	{"with a comma", func(good string) string { return good[:len(good)-1] + ",}" }}, {"with a comment", with("/**/", "")}, {"with another comment", with("", "//")},
	{"single quotes", func(good string) string { return "{'a':1," + strings.ReplaceAll(good[1:], `"`, `'`) }}, {"a form", always("username=ada&password=x")}, {"XML", always("<a/>")},
	{"BOM", with("\ufeff", "")}, {"UTF-16", spaced("\xff\xfe", "\x00", "\x00")}, {"UTF-32", spaced("", "\x00\x00\x00", "\x00\x00\x00")},
	{"depth", always(strings.Repeat("[", 8000))}, {"depth of objects", always(strings.Repeat(`{"a":`, 3000))}, {"bad UTF-8", always("{\"\xff\":1}")},
	{"an unknown member alone", always(`{"a":1}`)}, {"a long name", always(`{"` + strings.Repeat("n", 9000) + `":1}`)}, {"padding", with("=", "")},
	{"a prefix against scripts", with(")]}',\n", "")}, {"vertical tabs", with("\v", "")}, {"records", with("\x1e", "")}, {"bytes", always(strings.Repeat("\x80", 50))},
	{"no colon", always(`{"a" 1}`)}, {"two colons", always(`{"a"::1}`)}, {"no comma", always(`{"a":1 "b":2}`)},
	{"a list of members", func(good string) string { return `["a":1,` + good[1:len(good)-1] + "]" }}, {"numbers", always(`{"a":` + strings.Repeat("9", 9000) + `}`)},
	{"base64", func(good string) string { return base64.StdEncoding.EncodeToString([]byte(good)) }},
}

// spoilJSON breaks the text of a JSON body.
func spoilJSON(d *draft) {
	b := pick(d, notJSON)
	d.text = []byte(b.of(d.bodyText()))
	d.did("json", b.name, true)
}

// noForms make of a form what is none, or one with a parameter twice (F12).
var noForms = []bend{
	{"twice", func(good string) string { return good + "&" + good + "&a=1&a=1" }}, {"an unknown one twice", with("", "&a=1&a=2")}, {"twice, encoded", with("", "&a=1&%61=2")},
	{"bad percent", with("", "&a=%")}, {"bad percent again", with("", "&%zz=1")}, {"NUL", with("", "&a=%00")}, {"bad UTF-8", with("", "&a=%ff")},
	{"overlong UTF-8", with("", "&a=%c0%af")}, {"a surrogate", with("", "&a=%ed%a0%80")}, {"no name", with("", "&=x")}, {"JSON", always("{}&=x")},
	{"raw bytes", with("", "&a=\xff")}, {"many twice", with("", strings.Repeat("&a=1", 1000))},
}

// strangeForms are added to a form that stays one: what nobody knows is passed over.
var strangeForms = []string{"&a=b", "&&&", "&client_secret=x", "&token_type_hint=x", "&a=" + strings.Repeat("b", 5000), "&resource=%20", "&scope=%0d%0a", "&scope=" + mark}

func spoilForm(d *draft) {
	if d.chance(25) {
		d.text = []byte(d.bodyText() + pick(d, strangeForms))
		d.did("form", "strange", false)
		return
	}
	b := pick(d, noForms)
	d.text = []byte(b.of(d.bodyText()))
	d.did("form", b.name, true)
}

// spoilLength makes the body longer than any may be, or empty.
func spoilLength(d *draft) {
	if d.chance(30) && !(d.op.optional && d.refused) { // what was wrong with the body would be gone
		d.text = []byte{}
		d.did("length", "nothing", !d.op.optional)
		return
	}
	long := pick(d, []int{16<<10 + 1, 20_000, 70_000})
	if d.chance(2) {
		long = 1 << 20 // E19
	}
	good := d.bodyText()
	d.text = []byte(good + strings.Repeat(" ", max(0, long-len(good))))
	d.large = true
	d.did("length", "too long", true)
}

func spoilMedia(d *draft) {
	there := len(d.text) > 0 || d.text == nil && d.bodyText() != "" // no bytes are no body, whatever their type
	switch d.IntN(4) {
	case 0:
		d.header("Content-Encoding", pick(d, codings))
		d.did("media type", "a coding", there)
	case 1:
		d.headers = append(d.headers, field{"Content-Type", pick(d, []string{mediaJSON, mediaForm, "text/plain"})})
		d.did("media type", "two", there)
	default:
		d.header("Content-Type", pick(d, mediaTypes))
		d.did("media type", "another", there)
	}
}

func spoilAuthorization(d *draft) {
	if d.chance(30) {
		d.headers = append(d.headers, field{"Authorization", "Bearer x"}, field{"authorization", pick(d, authorizations)})
		d.did("authorization", "two", true) // F11
		return
	}
	d.header("Authorization", pick(d, authorizations))
	d.did("authorization", "none that counts", d.op.closed())
}

func spoilHeader(d *draft) {
	for range 1 + d.IntN(3) {
		h := pick(d, strangers)
		if h.name == "X-Request-Id" {
			d.drop("X-Request-Id")
			d.id = ""
		}
		d.headers = append(d.headers, h)
		d.did("header", h.name[:min(len(h.name), 40)], false)
	}
	switch n := d.IntN(60); n {
	case 0:
		for range 500 {
			d.headers = append(d.headers, field{"X-A", "b"})
		}
		d.did("header", "hundreds", false)
	case 1:
		d.headers = append(d.headers, field{"X-Long", strings.Repeat("v", 40_000)}) // F10
		d.large = true
		d.did("header", "too long", true)
	}
}

// pages are headers of browsers in which a page asks that may not, or nobody says which.
var pages = [][]field{
	nil, {{"Sec-Fetch-Site", "cross-site"}}, {{"Sec-Fetch-Site", "same-site"}}, {{"Origin", "null"}}, {{"Origin", "https://evil.example"}},
	{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://auth.example.com"}}, {{"Origin", "http://authd.test.evil.example"}}, {{"Origin", "http://AUTHD.TEST"}},
	{{"Sec-Fetch-Site", "same-origin, cross-site"}}, {{"Sec-Fetch-Site", "Same-Origin"}}, {{"Origin", "https://app.example.evil.example"}}, {{"Origin", "http://app.example"}},
}

// spoilCookie lets a browser send its cookie for a page that may not ask, or in a way that can be read twice (F11, F19, F20).
func spoilCookie(d *draft) {
	token := d.credential(roleRefresh, d.account.refresh)
	inBody := slices.ContainsFunc(d.members, func(m field) bool { return m.name == `"refresh_token"` })
	switch d.IntN(3) {
	case 0:
		d.headers = append(d.headers, field{"Cookie", d.op.cookie + "=" + token + "; " + d.op.cookie + "=" + pick(d, []string{token, "x", ""})}, field{"Sec-Fetch-Site", "same-origin"})
		d.did("cookie", "two", d.op.spends)
	case 1:
		d.headers = append(d.headers, field{"Cookie", d.op.cookie + "=" + token}, field{"Sec-Fetch-Site", "same-origin"})
		d.did("cookie", "beside a body", d.op.spends && inBody && d.text == nil)
	default:
		d.headers = append(d.headers, field{"Cookie", pick(d, []string{"", "a=b; ", "a=b;", d.op.cookie + "x=y; "}) + d.op.cookie + "=" + token})
		d.headers = append(d.headers, pick(d, pages)...)
		d.did("cookie", "of another page", d.op.spends && d.text == nil)
	}
}

func spoilHost(d *draft) {
	d.header("Host", pick(d, hosts))
	probe := slices.Contains([]string{"/livez", "/readyz", "/metrics"}, d.op.path)
	d.did("host", "another", d.op.admin && !probe)
}

func spoilQuery(d *draft) {
	if d.chance(25) {
		name := pick(d, inQueries)
		d.query = append(d.query, field{name, pick(d, []string{"", "x", mark, url.QueryEscape(d.account.session)})})
		d.did("query", name, true)
		return
	}
	d.query = append(d.query, field{pick(d, queries), ""})
	d.did("query", "strange", d.op.media == mediaForm)
}

// otherPaths spell a path in another way, or are none at all.
var otherPaths = []bend{
	{"", with("/", "")}, {"", with("", "/")}, {"", with("", "//")}, {"", with("", "/.")}, {"", with("", "/..")}, {"", with("/.", "")}, {"", with("/x/..", "")}, {"", with("", "/../x")},
	{"", with("", "%00")}, {"", with("", "%2f")}, {"", with("", ";x")}, {"", with("", ";jsessionid=1")}, {"", with("", ".json")}, {"", with("", "%20")}, {"", with("", "~")},
	{"", with("/%2e", "")}, {"", with("/%2f", "")}, {"", with("", "/x")}, {"", with("", "%0d%0aX:y")}, {"", with("", "\\")}, {"", with("", "/%5c..")}, {"", with("/api", "")},
	{"", with("/v1", "")}, {"", with("", "%ff")}, {"", with("", "é")}, {"", with("", "%u002e")}, {"", with("", "*")}, {"", with("", "/"+mark)}, {"", with("", strings.Repeat("/x", 2000))},
	{"", with("", strings.Repeat("x", 6000))}, {"", func(p string) string { return p[:1] + strings.ToUpper(p[1:]) + "/" }}, {"", func(p string) string { return "/%6" + p[1:] }},
	{"", func(p string) string { return p[:len(p)-1] + fmt.Sprintf("%%%02X", p[len(p)-1]) }}, {"", func(p string) string { return strings.Replace(p, "/", "/%", 1) }},
	{"", always("/" + mark)}, {"", always("/debug/pprof/")}, {"", always("/.git/config")}, {"", always("/.env")}, {"", always("/admin")}, {"", always("/console/../admin")},
	{"", always("/wp-login.php")}, {"", always("/actuator")}, {"", always("/cgi-bin/luci")}, {"", always("/metrics/x")}, {"", always("/%")},
}

// spoilPath spells the path in another way. There is one way (F15).
func spoilPath(d *draft) {
	d.basePath, d.lost = pick(d, otherPaths).of(d.basePath), true
	d.did("path", "another spelling", d.op.method != "OPTIONS") // a browser may ask about an id that nobody has
}

// spoilMethod asks for what the path does not know.
func spoilMethod(d *draft) {
	for {
		m := pick(d, methods)
		if !slices.Contains(d.op.methods, m) {
			d.method = m
			break
		}
	}
	d.did("method", "another", true)
}

// spoilFraming sends the same body in another way, which is fine.
func spoilFraming(d *draft) {
	d.chunked = true
	d.did("framing", "chunks", false)
}
