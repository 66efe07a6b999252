//go:build unix

package main

import "strings"

// strangeIDs stand where a path has an id.
var strangeIDs = []string{
	"0", "-1", "x", "me", "*", "null", "undefined", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
	"AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB", "{00000000-0000-0000-0000-000000000000}", "urn:uuid:00000000-0000-0000-0000-000000000000",
	"00000000000000000000000000000000", "' or '1'='1", "1;drop table users", "..", "../users", "%2e%2e", "a/b", "a\\b", "\x00", "é", "\u202e",
	"\xff\xfe", "日本語", "${7*7}", "{{7*7}}", "%s%n", "\r\nX: y", strings.Repeat("9", 400), strings.Repeat("A", 2000), "authd", mark,
}

// cursors are places in lists that were made up. Any text may be one of theirs, so none is refused for sure.
var cursors = []string{
	"", "0", "x", "....", "AAAA", "dWFkYUBleGFtcGxlLmNvbQ", "dQ", "ZXZlcnl0aGluZw", "AAAAAAAAAAAAAAAA.0.0000000000000000", "a.-1.0", "a.18446744073709551616.ffffffffffffffff",
	"a.1.G000000000000000", "..", "null", "' or 1=1 --", "%00", "\xff", strings.Repeat("A", 5000), strings.Repeat("9", 60), mark,
}

// texts stand where a text is expected. Some are fine, and then are somebody's name.
var texts = []string{
	"", " ", "\t", "\u00a0", "\u200b", "\u2028", "\ufeff", "\u0000", "a\u0000b", "\r\nSet-Cookie: a=b", "a\nb", "\u001b[31mred\u001b[0m", "\u0085", "\u007f",
	"' or '1'='1' --", `"; drop table users; --`, "1' and sleep(9)--", "%' escape '\\", "*)(uid=*))(|(uid=*", "admin)(&)", "$where: 1", `{"$ne":null}`,
	"${jndi:ldap://127.0.0.1:1/a}", "{{7*7}}", "<%= 7*7 %>", "#{7*7}", "<script>alert(1)</script>", "`id`", "$(id)", "; cat /etc/passwd", "../../../etc/passwd",
	"%s%s%s%n", "%00", "%0d%0a", "\\u0000", "\\", `\"`, "/", "null", "undefined", "NaN", "true", "-0", "1e999", "__proto__", "constructor",
	"İstanbul", "ıI", "straße", "ΣΑΣ", "ﬁ", "²", "Ａｄａ", "аdmin", "admin\u200b", "a\u0301", "\u0301", "\u202eadmin", "\u2066x\u2069", "أدمن", "שלום",
	"日本語", "ｶﾞ", "한글", "\U0001F600", "\U0001F468\u200d\U0001F469", "\U000E0041", "\uFFFD", "\uFFFE", "\U0010FFFF", "ǆ", "\u1E9E", "\u0345",
	"ada@example.com", "ADA@EXAMPLE.COM", "ada@example.com\n", "a b", " a", "a ", strings.Repeat("a", 127), strings.Repeat("a", 129), strings.Repeat("é", 64),
	strings.Repeat("é", 65), strings.Repeat("a", 300), strings.Repeat("\U0001F600", 256), strings.Repeat("\u0301", 500), strings.Repeat("a", 9000), strings.Repeat("ﷺ", 400),
}

// wrongTypes are JSON values of which a member takes at most one kind.
var wrongTypes = []string{
	"null", "0", "-0", "1", "1e999", "-1e-999", "123456789012345678901234567890", "0.1", "[]", "[[]]", "{}", `{"$ne":""}`, `{"$gt":""}`, `["x"]`, `[null]`, `[1]`,
	`{"toString":"x"}`, "[" + strings.Repeat(`"x",`, 2000) + `"x"]`, strings.Repeat("[", 200) + strings.Repeat("]", 200), strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100),
}

// noValues are no JSON at all.
var noValues = []string{
	"", "nul", "True", "NaN", "Infinity", "undefined", "'x'", "01", "+1", ".5", "1.", "0x1", `"\x41"`, `"\u12"`, `"\ud800"`, `"\udc00"`, `"\ud800a"`, `"\udc00\ud800"`,
	"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf8\x88\x80\x80\x80\"", "\"\x01\"", "\"a\nb\"", "\"\x00\"", `"x`, `x"`, `"a""b"`, `"x",`, strings.Repeat("[", 7000),
	strings.Repeat(`{"a":`, 2500), `/**/"x"`, `"x"//`, "\ufeff\"x\"",
}

// mediaTypes are none that a body may have.
var mediaTypes = []string{
	"", "text/plain", "text/json", "application/jsonp", "application/problem+json", "application/json; charset=utf-16", "application/json; charset=latin1",
	"application/json; version=1", "application/json, text/plain", "application/json; charset=utf-8; charset=utf-16", "application/json; charset", "*/*", "application/*",
	"multipart/form-data; boundary=x", "multipart/form-data", "application/xml", "application/octet-stream", "application/x-yaml", "application/cbor", "application", "/", ";",
	"application/json\x0b", "text/plain; a=application/json", strings.Repeat("a", 4000) + "/json", "application/x-www-form-urlencoded; charset=utf-16",
}

// codings are none that a body may have: a short one may hide a long one.
var codings = []string{"gzip", "deflate", "br", "zstd", "identity", "gzip, gzip", "x", "chunked", "", "gzip;q=0"}

// authorizations are no way to show anything.
var authorizations = []string{
	"", "Bearer", "Bearer ", "Basic", "Basic !", "Basic Og==", "Basic " + mark, "Digest username=\"a\"", "Negotiate AAAA", "Token x", "bearer", "BEARER null", "Bearer a b",
	"Bearer, Bearer", "Bearer\tx", "Bearer=x", "x", ":", "Basic YTpi\x7f", "Bearer é", "Bearer " + strings.Repeat("A", 9000), "AWS4-HMAC-SHA256 Credential=a",
	"Basic " + strings.Repeat("QUFB", 2500), "Basic OmE=", "Basic YQ==", "Basic YTpiOmM=", "Bearer \xff", "Mutual x", "None", "Bearer undefined",
}

// strangers are headers that ask for something which no header decides here.
var strangers = []field{
	{"X-Forwarded-For", "127.0.0.1"}, {"X-Forwarded-For", "10.0.0.1, " + mark}, {"X-Forwarded-For", "::1"}, {"X-Forwarded-For", strings.Repeat("10.0.0.1, ", 400) + "x"},
	{"X-Forwarded-For", "' or 1=1"}, {"X-Forwarded-Host", "evil.example"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Port", "443"}, {"X-Forwarded-Prefix", "/admin"},
	{"Forwarded", "for=127.0.0.1;host=evil.example;proto=https"}, {"Forwarded", "for=\"[::1]\"; " + mark}, {"X-Real-IP", "127.0.0.1"}, {"X-Client-IP", "127.0.0.1"},
	{"True-Client-IP", "127.0.0.1"}, {"CF-Connecting-IP", "127.0.0.1"}, {"Via", "1.1 " + mark}, {"X-Original-URL", "/admin/users"}, {"X-Rewrite-URL", "/admin/users"},
	{"X-HTTP-Method-Override", "DELETE"}, {"X-HTTP-Method", "PATCH"}, {"X-Method-Override", "PUT"}, {"X-Authenticated-User", "admin"}, {"Remote-User", "admin"},
	{"X-User-Id", "1"}, {"X-Api-Key", mark}, {"Proxy-Authorization", "Basic YTpi"}, {"Proxy", "http://127.0.0.1:1"}, {"Cookie", "session=" + mark},
	{"Cookie", "__Host-authd_refresh=" + mark}, {"Cookie", "__Host-authd_refresh=a; __Host-authd_refresh=b"}, {"Cookie", strings.Repeat("a=b; ", 900)}, {"Cookie", "=; ;;=a\x7f"},
	{"Origin", listed}, {"Origin", listed}, {"Origin", "null"}, {"Origin", "https://evil.example"}, {"Origin", "https://auth.example.com.evil.example"}, {"Origin", "file://"}, {"Origin", mark}, {"Origin", "https://a https://b"},
	{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Mode", "no-cors"}, {"Referer", "https://evil.example/" + mark},
	{"Access-Control-Request-Method", "DELETE"}, {"Access-Control-Request-Headers", "authorization"}, {"Access-Control-Request-Private-Network", "true"},
	{"Accept", "text/html"}, {"Accept", "application/xml;q=1, */*;q=0"}, {"Accept", strings.Repeat("a/b,", 900)}, {"Accept-Encoding", "gzip, br"}, {"Accept-Language", "xx"},
	{"If-None-Match", "*"}, {"If-None-Match", `W/"x"`}, {"If-None-Match", strings.Repeat(`"a",`, 1500)}, {"If-None-Match", `"` + mark}, {"If-Match", `"x"`},
	{"If-Modified-Since", "Thu, 01 Jan 2099 00:00:00 GMT"}, {"Range", "bytes=0-0"}, {"Range", "bytes=" + strings.Repeat("0-,", 1300)}, {"Connection", "close"},
	{"Connection", "X-Request-Id, Authorization"}, {"Keep-Alive", "timeout=99999"}, {"Upgrade", "h2c"}, {"Upgrade", "websocket"}, {"HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"},
	{"Max-Forwards", "0"}, {"TE", "trailers, deflate"}, {"Trailer", "Authorization"}, {"Expect", "x"}, {"Expect", "100-continue"}, {"Content-Language", "tlh"}, {"Content-MD5", mark},
	{"Digest", "sha-256=" + mark}, {"Prefer", "return=representation"}, {"Idempotency-Key", mark}, {"DPoP", mark}, {"Traceparent", "00-" + strings.Repeat("0", 32) + "-0000000000000000-01"},
	{"Traceparent", mark}, {"Baggage", "a=" + mark}, {"User-Agent", "\x1b[31m\x1b]0;x\x07"}, {"User-Agent", strings.Repeat("u", 5000)}, {"User-Agent", ""}, {"User-Agent", "() { :; }; id"},
	{"User-Agent", "é\xff"}, {"X-Request-Id", "a b"}, {"X-Request-Id", mark + "\x1b[31m"}, {"X-Request-Id", strings.Repeat("a", 65)}, {"X-Request-Id", ""}, {"X-Request-Id", "é"},
	{"Content-Disposition", "x; filename=../../x"}, {"SOAPAction", "x"}, {"X-Empty", ""}, {"Date", "never"}, {"From", "a@b"}, {"Last-Event-ID", "1"}, {"Content-Range", "bytes 0-1/2"},
	{"Early-Data", "1"}, {"Priority", "u=9"}, {"Sec-WebSocket-Key", "x"}, {"X-" + strings.Repeat("n", 3000), "x"}, {"X-Long", strings.Repeat("v", 9000)},
}

// hosts are none by which the admin listener may be asked.
var hosts = []string{
	"evil.example", "localhost", "localhost.", "127.0.0.1.evil.example", "evil.example:80", "127.0.0.1@evil.example", "authd", "[::1", "127.0.0.1:x", "127.0.0.1:-1", "0x7f000001.",
	"a" + strings.Repeat(".a", 500), "evil.example#127.0.0.1",
}

// inQueries are parameters that may stand in no address, because addresses end in logs.
var inQueries = []string{"access_token", "refresh_token", "token", "client_secret", "client_assertion"}

// queries are what else is put there.
var queries = []string{
	"a", "=", "&", "&&&", "a=b", "a=1&a=2", "limit=0", "limit=-1", "limit=201", "limit=99999999999999999999", "limit=1e2", "limit=%31", "limit=١", "limit=", "limit=1&limit=2",
	"wait=-1", "wait=31", "wait=99999999999999999999", "wait=1s", "wait=", "wait=0&wait=0", "cursor=%00", "cursor=%", "cursor=%zz", "cursor=%ff", "a;b", "a=b;c=d", "%", "%zz=1",
	"?", "??", "a[]=1", "a[$ne]=1", "__proto__=1", "sort=name", "fields=*", "debug=1", "_method=DELETE", "username=%00", "username=" + mark, "username=a%20b&username=c",
	"since=yesterday", "since=2026-13-99T00:00:00Z", "since=9999999999999-01-01T00:00:00Z", "until=-1", "user=x", "session=x", "name=x'%20or%201=1", "q=" + mark, "%61=b", "A=B",
	"redirect_uri=http://evil.example", "callback=x", "scope=all", "%F0%9F%98%80=1", strings.Repeat("a=b&", 1000), strings.Repeat("a", 8000),
}

// methods are all that somebody may try.
var methods = []string{
	"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "TRACK", "PROPFIND", "MKCOL", "COPY", "LOCK", "SEARCH", "QUERY", "LINK", "PURGE", "DEBUG", "get", "post",
	"Post", "POSTS", "X", "M-SEARCH", "BASELINE-CONTROL", strings.Repeat("A", 300), "!#$%&'*+-.^_`|~", "1",
}
