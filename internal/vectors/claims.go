package main

import (
	"fmt"
	"strings"
)

// claims are payloads that are signed as they should be and say something else than they should.
func (b *builder) claims() {
	for _, iss := range []string{
		"https://attacker.example", issuer + "/", strings.ToUpper(issuer), "https://auth.example.com.attacker.example",
		"https://auth.example.co", "http://auth.example.com", issuer + ":443", "", " " + issuer, issuer + "\\u0000",
	} {
		b.refuseClaims(fmt.Sprintf("iss %q", iss), usual().with("iss", quoted(iss)), "A19")
	}
	b.refuseClaims("iss in a list", usual().with("iss", list([]string{quoted(issuer)})), "A19")
	b.refuseClaims("iss null", usual().with("iss", "null"), "A19")
	for _, aud := range []string{
		"https://other.example.com", audience + "/", "https://api.example.com.attacker.example", "https://api.example",
		"api.example.com", "", "*", issuer, audience + "," + audience, audience + " " + audience,
	} {
		b.refuseClaims(fmt.Sprintf("aud %q", aud), usual().with("aud", quoted(aud)), "A18")
	}
	for _, aud := range []string{"null", "[]", `["https://other.example.com"]`, `[["` + audience + `"]]`, `{"` + audience + `":1}`, `["` + audience + `",1]`, "true"} {
		b.refuseClaims("aud "+aud, usual().with("aud", aud), "A18")
	}
	for _, name := range []string{"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "epoch"} {
		c := b.refuseClaims("no "+name, usual().without(name), map[string]string{"iss": "A19", "aud": "A18", "exp": "A20", "iat": "A22"}[name])
		// RFC 9068 has most of them as required of the issuer; a kill needs the rest.
		c.Strict = name == "iat" || name == "sub" || name == "jti" || name == "client_id" || name == "epoch"
	}
	for _, name := range []string{"sub", "jti", "client_id", "sid"} {
		for _, value := range []string{`""`, "null", "1", `["a"]`} {
			b.refuseClaims(name+" "+value, usual().with(name, value)).Strict = true
		}
	}
	for _, value := range []string{`"3"`, "null", "-1", "3.0", "3.5", "3e0", "03", "9007199254740992", "1e400", "true"} {
		b.refuseClaims("epoch "+value, usual().with("epoch", value)).Strict = true
	}
	// Who splits at any white space finds scopes that nobody granted.
	for _, value := range []string{`""`, `" "`, `" a"`, `"a "`, `"a  b"`, `"a\tb"`, `"a\u00a0b"`, `"a\"b"`, `"a\\b"`, "null", "1", `["a"]`} {
		b.refuseClaims("a machine's scope "+value, machine().with("scope", value)).Strict = true
	}
	for _, value := range []string{`"admin"`, `[1]`, `[["admin"]]`, `{"admin":true}`} {
		b.refuseClaims("roles "+value, usual().with("roles", value)).Strict = true
	}
	b.refuseClaims("names in other letters", text(strings.NewReplacer(`"iss"`, `"ISS"`, `"sub"`, `"Sub"`, `"exp"`, `"EXP"`).Replace(usual().String())), "A15")
}

// times are claims about time. All of authd's are whole seconds.
func (b *builder) times() {
	at := func(name string, from int64) object { return usual().with(name, seconds(from)) }
	b.add(expired, "expired for an hour", b.mint(at("exp", -3600).with("iat", seconds(-3900))), "A20")
	b.add(expired, "expired for as long as the leeway", b.mint(at("exp", -leeway)), "A20")
	b.add(valid, "expired for a second less than the leeway", b.mint(at("exp", 1-leeway)), "A20")
	b.add(valid, "expires now", b.mint(at("exp", 0)), "A20")
	for _, value := range []string{"null", `"` + seconds(240) + `"`, "-1", "1e400", "true", "[]", "{}", seconds(240) + ".5", "1.795357866e9", "0" + seconds(240), "9223372036854775808", "NaN", "+" + seconds(240)} {
		c := b.refuseClaims("exp "+value, usual().with("exp", value), "A20")
		c.Strict = strings.ContainsAny(value, ".") // RFC 7519 allows fractions
	}
	b.add(expired, "exp 0", b.mint(usual().with("exp", "0").with("iat", "0")), "A20")
	b.add(valid, "issued as far in the future as the leeway", b.mint(at("iat", leeway)), "A21")
	b.refuseClaims("issued a second further in the future", at("iat", leeway+1), "A21")
	b.add(valid, "not before as far in the future as the leeway", b.mint(at("nbf", leeway)), "A21")
	b.refuseClaims("not before a second further in the future", at("nbf", leeway+1), "A21")
	b.refuseClaims("not before, as text", usual().with("nbf", `"`+seconds(0)+`"`), "A21")
	b.refuseClaims("issued at, as text", usual().with("iat", `"`+seconds(0)+`"`), "A21")
	b.add(valid, "as long a life as may be", b.mint(at("exp", maxLifetime-60)), "A22")
	b.refuseClaims("a life of a second more", at("exp", maxLifetime-59), "A22")
	b.refuseClaims("a life of a year", at("exp", 365*86400), "A22")
	b.refuseClaims("a life of a year, most of it over", at("iat", 240-365*86400), "A22")
	b.refuseClaims("a life that ends before it begins", at("exp", 10).with("iat", seconds(11)), "A22")
}

// killed are good tokens that the entries are about, and some that they are just not about.
func (b *builder) killed() {
	b.add(revoked, "its session was ended", b.mint(usual().with("sid", quoted(killedSession))), "C2")
	b.add(revoked, "it was revoked by its id", b.mint(usual().with("jti", quoted(killedTokenID))))
	raised := usual().with("sub", quoted(raisedUser))
	b.add(revoked, "its epoch is below the user's", b.mint(raised), "C5")
	b.add(revoked, "its epoch is far below the user's", b.mint(raised.with("epoch", "0")), "C5")
	b.add(valid, "its epoch is the user's", b.mint(raised.with("epoch", "4")), "C6").Minted = true
	b.add(valid, "its epoch is above the user's", b.mint(raised.with("epoch", "5")), "C6").Minted = true
	b.add(revoked, "a machine's, whose epoch is below the client's",
		b.mint(raised.without("sid").without("auth_time").with("client_id", quoted(raisedUser))), "C5")
	k := b.keys["killed"]
	b.add(revoked, "its key was killed", k.token(head(k).String(), usual().String()), "D5")
	b.add(valid, "its token id is the id of a killed session", b.mint(usual().with("jti", quoted(killedSession))))
	b.add(valid, "its session is the id of a killed token", b.mint(usual().with("sid", quoted(killedTokenID))))
	b.add(valid, "issued after the kill of another session", b.mint(usual().with("iat", seconds(10))))
}
