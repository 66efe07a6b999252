package main

import (
	"fmt"
	"strings"
)

// forgeries are texts that are not a page of this issuer, although each claims to kill a session.
func (f *feedBuilder) forgeries() {
	at := start + 5*second
	p := newPage(at, 3, 4, 4, killSession)
	es, stranger, ed := f.es, f.keys["stranger"], f.keys["eddsa"]
	good := p.signed(es)
	segments := strings.Split(good, ".")
	headed := func(h object) string { return es.token(h.String(), p.String()) }
	_, pem := subjectPublicKeyInfo(es)
	for _, c := range []struct {
		name, text string
	}{
		{"alg none", compact(pageHead(es).with("alg", quoted("none")).String(), p.String(), nil)},
		{"no signature", segments[0] + "." + segments[1] + "."},
		{"the payload alone", p.String()},
		{"a problem", `{"type":"about:blank","status":503}`},
		{"nothing", ""},
		{"HS256 with the public key", hmacToken(pageHead(es).with("alg", quoted("HS256")).String(), p.String(), pem)},
		{"a signature of other claims", segments[0] + "." + segments[1] + "." + base64url(es.sign("other"))},
		{"a signature in DER", segments[0] + "." + segments[1] + "." + base64url(make([]byte, 70))},
		{"signed by a stranger, with our kid", stranger.token(pageHead(es).String(), p.String())},
		{"signed by a stranger, with its own kid", p.signed(stranger)},
		{"a stranger's key in jwk", stranger.token(pageHead(es).with("jwk", "{"+stranger.public()+"}").String(), p.String())},
		{"another key's alg", headed(pageHead(es).with("alg", quoted("EdDSA")))},
		{"another key's kid", headed(pageHead(ed))},
		{"no kid", headed(pageHead(es).without("kid"))},
		{"typ at+jwt", headed(head(es))},
		{"typ JWT", headed(head(es).with("typ", quoted("JWT")))},
		{"no typ", headed(head(es).without("typ"))},
		{"typ application/" + feedType, headed(head(es).with("typ", quoted("application/"+feedType)))},
		{"crit", headed(pageHead(es).with("crit", `["exp"]`))},
		{"zip", headed(pageHead(es).with("zip", quoted("DEF")))},
		{"a member that nobody knows in the header", headed(pageHead(es).with("x", "1"))},
		{"padding", good + "="},
		{"a line end behind", good + "\n"},
		{"an access token", es.token(head(es).String(), usual().String())},
		{"an access token under the feed's typ", es.token(pageHead(es).String(), usual().String())},
		{"another issuer", p.with("iss", quoted("https://attacker.example")).signed(es)},
		{"the issuer with a slash", p.with("iss", quoted(issuer+"/")).signed(es)},
		{"the issuer in a list", p.with("iss", list([]string{quoted(issuer)})).signed(es)},
	} {
		f.refusedPage("forged: "+c.name, c.text, at, "C21")
	}
}

// refusedPage shows that a text changes nothing, that the clock of staleness keeps running, and that a
// good page heals.
func (f *feedBuilder) refusedPage(name, text string, at int64, cases ...string) {
	w := f.ready(name, cases...)
	w.refuses(text, at).is("session", valid)
	w.waits(start+60*second+1).is("plain", stale).is("session", stale)
	w.moves(newPage(start+61*second, 3, 4, 4), start+61*second).is("plain", valid).is("session", valid)
	w.end()
}

// malformed are pages with a good signature whose content is not what the format says. One byte that is
// not understood may be the one that matters, so they are refused whole.
func (f *feedBuilder) malformed() {
	at := start + 5*second
	p := newPage(at, 3, 4, 4, killSession)
	for _, m := range p {
		f.malformedPage("without "+m.name, p.without(m.name))
		f.malformedPage(m.name+" twice", append(append(page(nil), p...), m))
		f.malformedPage(m.name+" null", p.with(m.name, "null"))
		f.malformedPage(m.name+" of another type", p.with(m.name, "true"))
	}
	for _, name := range []string{"from", "to", "head", "now", "as_of"} {
		for _, value := range []string{"-1", "9007199254740992", "1e400", "4.0", "4e0", "04", `"4"`} {
			f.malformedPage(name+" "+value, p.with(name, value))
		}
	}
	f.malformedPage("a member that nobody knows", p.with("floor", "0"))
	f.malformedPage("a member in other letters", p.without("mark").with("Mark", quoted(mark(4))))
	f.malformedPage("from after to", newPage(at, 5, 4, 5, killSession))
	f.malformedPage("to after head", newPage(at, 3, 5, 4, killSession))
	for _, id := range []string{"", feedID[:15], feedID + "A", feedID[:15] + ".", feedID[:15] + "+", feedID[:15] + "é"} {
		f.malformedPage(fmt.Sprintf("feed_id %q", id), p.with("feed_id", quoted(id)))
	}
	for _, m := range []string{"", mark(4)[:15], mark(4) + "0", strings.ToUpper("abcdef0123456789"), mark(4)[:15] + "g"} {
		f.malformedPage(fmt.Sprintf("mark %q", m), p.with("mark", quoted(m)))
	}
	f.malformedEntries(p)
	text := p.String()
	for _, c := range []struct{ name, text string }{
		{"a second object behind", text + "{}"}, {"a mark of byte order", "\ufeff" + text}, {"cut off", text[:len(text)-1]},
		{"in a list", "[" + text + "]"}, {"nothing", ""}, {"null", "null"},
		{"a byte that is no UTF-8", strings.Replace(text, issuer, issuer+"\xff", 1)},
	} {
		f.refusedPage("malformed: "+c.name, f.es.token(pageHead(f.es).String(), c.text), at, "C21")
	}
}

func (f *feedBuilder) malformedEntries(p page) {
	hash := subject(killedSession)
	until := fmt.Sprint(moment + 3660)
	for _, e := range []string{
		"null", "1", `"sid"`, "{}", "[]", `["sid"]`, fmt.Sprintf(`["sid",%q]`, hash),
		fmt.Sprintf(`["sid",%q,%s,1]`, hash, until), fmt.Sprintf(`["jti",%q,%s,0]`, hash, until),
		fmt.Sprintf(`["sub",%q,%s]`, hash, until), fmt.Sprintf(`["sub",%q,%s,4,4]`, hash, until),
		fmt.Sprintf(`["sub",%q,%s,-1]`, hash, until), fmt.Sprintf(`["sub",%q,%s,"4"]`, hash, until),
		fmt.Sprintf(`["sub",%q,%s,4.0]`, hash, until), fmt.Sprintf(`["sub",%q,%s,null]`, hash, until),
		fmt.Sprintf(`["iss",%q,%s]`, hash, until), fmt.Sprintf(`["SID",%q,%s]`, hash, until),
		fmt.Sprintf(`["",%q,%s]`, hash, until), fmt.Sprintf(`[1,%q,%s]`, hash, until),
		fmt.Sprintf(`["kid",%q,%s]`, hash, until), fmt.Sprintf(`["kid",%q,%d,1]`, hash, forever),
		fmt.Sprintf(`["sid",%q,"%s"]`, hash, until), fmt.Sprintf(`["sid",%q,-1]`, hash), fmt.Sprintf(`["sid",%q,1e400]`, hash),
		fmt.Sprintf(`["sid",%q,9007199254740992]`, hash), fmt.Sprintf(`["sid",null,%s]`, until),
		fmt.Sprintf(`["sid",%q,%s]`, hash[:15], until), fmt.Sprintf(`["sid",%q,%s]`, hash+"A", until),
		fmt.Sprintf(`["sid",%q,%s]`, hash[:15]+"=", until), fmt.Sprintf(`["sid",%q,%s]`, hash[:15]+"+", until),
		fmt.Sprintf(`["sid","%s\n",%s]`, hash[:15], until), fmt.Sprintf(`["sid",%q,%s]`, killedSession, until),
	} {
		f.malformedPage("entry "+e, p.with("entries", list([]string{killSession, e})))
	}
	f.malformedPage("an object of entries", p.with("entries", `{"0":`+killSession+"}"))
	f.malformedPage("a list in a list", p.with("entries", list([]string{list([]string{killSession})})))
	f.malformedPage("a comma behind the last entry", p.with("entries", "["+killSession+",]"))
}

// malformedPage refuses a page with a good signature.
func (f *feedBuilder) malformedPage(name string, p page) {
	w := f.ready("malformed: "+name, "C21")
	w.refuses(p.signed(f.es), start+5*second).is("session", valid)
	w.end()
}
