//go:build unix

package main

import (
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
	{"host", 9, nil, spoilHost},
	{"query", 10, nil, spoilQuery},
	{"path", 11, nil, spoilPath},
	{"method", 12, nil, spoilMethod},
	{"framing", 13, takesBody, spoilFraming},
	{"cookie", 14, func(o *operation) bool { return o.cookie != "" }, spoilCookie},
}

func takesBody(o *operation) bool { return o.media != "" }
func takesForm(o *operation) bool { return o.media == mediaForm }
func takesJSON(o *operation) bool { return o.media == mediaJSON }

// did notes what was done. A request that is refused for it must not succeed.
func (d *draft) did(class, what string, refused bool) {
	d.spoiled = append(d.spoiled, class+": "+what)
	d.refused = d.refused || refused
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
	d.drop("Sec-Fetch-Site")
	d.drop("Origin")
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
