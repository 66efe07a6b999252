package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

func (b *builder) good() {
	for _, name := range []string{"es256", "eddsa", "rs256"} {
		k := b.keys[name]
		b.add(valid, k.alg, k.token(head(k).String(), usual().String())).Minted = true
	}
	b.add(valid, "roles", b.mint(usual().with("roles", `["admin","reader"]`))).Minted = true
	b.add(valid, "an audience of several", b.mint(usual().with("aud", list([]string{quoted("https://other.example.com"), quoted(audience)}))), "A18").Minted = true
	b.add(valid, "a machine's: no sid, no auth_time", b.mint(machine())).Minted = true
	b.add(valid, "a machine's with a scope", b.mint(machine().with("scope", quoted("notes:read")))).Minted = true
	b.add(valid, "a machine's with scopes", b.mint(machine().with("scope", quoted("notes:write notes:read urn:x/2#'~!")))).Minted = true
	b.add(valid, "another order of the header's members", b.es.token(
		object{{"typ", quoted("at+jwt")}, {"kid", quoted(b.es.kid)}, {"alg", quoted("ES256")}}.String(), usual().String()))
	b.add(valid, "white space and escapes in the JSON", b.es.token(
		fmt.Sprintf("{ \"\\u0061lg\" : \"ES256\",\n\t\"kid\":%q, \"typ\":\"at\\u002bjwt\" }", b.es.kid), " "+usual().String()+"\n"))
	b.add(valid, "claims that nobody knows", b.mint(usual().with("https://example.com/x", `{"a":[1,null,-1.5e3]}`)))
}

// machine are the claims of a client that asks for itself.
func machine() object {
	return usual().with("sub", quoted(client)).with("client_id", quoted(client)).without("sid").without("auth_time")
}

func (b *builder) types() {
	b.add(valid, "typ application/at+jwt", b.es.token(head(b.es).with("typ", quoted("application/at+jwt")).String(), usual().String()), "A17")
	b.refuseHeaded("no typ", head(b.es).without("typ"), "A17")
	for _, typ := range []string{"JWT", "jwt", "", "AT+JWT", "at+jwt ", "at+jwt;v=1", "secevent+jwt", "application/jwt", "logout+jwt", feedType} {
		b.refuseHeaded(fmt.Sprintf("typ %q", typ), head(b.es).with("typ", quoted(typ)), "A17")
	}
	b.refuseHeaded("typ null", head(b.es).with("typ", "null"), "A17")
	b.refuseHeaded("typ in a list", head(b.es).with("typ", `["at+jwt"]`), "A17")
	b.refuse("a page of the feed", usualPage().signed(b.es), "A17")
	b.refuse("a page of the feed as at+jwt", b.mint(text(usualPage().String())), "A17")
}

func (b *builder) algorithms() {
	for _, none := range []string{"none", "None", "nOnE", "NONE"} {
		header := head(b.es).with("alg", quoted(none))
		b.refuse("alg "+none+", no signature", compact(header.String(), usual().String(), nil), "A1")
		b.refuseHeaded("alg "+none+", a good signature", header, "A1")
	}
	b.refuse("alg none, kid none", compact(object{{"alg", quoted("none")}, {"kid", quoted("none")}, {"typ", quoted("at+jwt")}}.String(), usual().String(), nil), "A1")
	b.refuse("alg none without kid", compact(`{"alg":"none","typ":"at+jwt"}`, usual().String(), nil), "A1")
	b.refuse("no signature", compact(head(b.es).String(), usual().String(), nil), "A1")
	for _, alg := range []string{"ES384", "ES512", "ES256K", "RS256", "PS256", "EdDSA", "HS256", "es256", "ES256 ", "", "ES256\\u0000"} {
		b.refuseHeaded("a good ES256 signature under alg "+fmt.Sprintf("%q", alg), head(b.es).with("alg", quoted(alg)), "A3")
	}
	b.refuseHeaded("no alg", head(b.es).without("alg"), "A3")
	for _, value := range []string{"null", "256", `["ES256"]`, `{"ES256":1}`} {
		b.refuseHeaded("alg "+value, head(b.es).with("alg", value), "A3")
	}
	ed, rs := b.keys["eddsa"], b.keys["rs256"]
	for _, alg := range []string{"ES256", "HS256", "Ed25519", "Ed448"} {
		b.refuse("a good Ed25519 signature under alg "+alg, ed.token(head(ed).with("alg", quoted(alg)).String(), usual().String()), "A3")
	}
	for _, alg := range []string{"ES256", "HS256", "RS384", "PS256"} {
		b.refuse("a good RS256 signature under alg "+alg, rs.token(head(rs).with("alg", quoted(alg)).String(), usual().String()), "A3")
	}
}

// confusion is the oldest forgery of all: a public key is known to everybody, so as a secret of HMAC it
// lets everybody sign.
func (b *builder) confusion() {
	for _, name := range []string{"es256", "rs256"} {
		k := b.keys[name]
		der, pem := subjectPublicKeyInfo(k)
		secrets := []struct {
			what   string
			secret []byte
		}{
			{"PEM", pem},
			{"PEM without its last line end", []byte(strings.TrimSuffix(string(pem), "\n"))},
			{"DER", der},
			{"JWK", []byte("{" + k.public() + "," + k.labels() + "}")},
			{"empty", nil},
		}
		if name == "es256" {
			point := append(append([]byte{4}, bytesOf(k.X)...), bytesOf(k.Y)...)
			secrets = append(secrets, struct {
				what   string
				secret []byte
			}{"raw point", point})
		}
		for _, s := range secrets {
			b.refuse(k.alg+" key as the secret of HS256: "+s.what, hmacToken(head(k).with("alg", quoted("HS256")).String(), usual().String(), s.secret), "A2")
			b.refuse(k.alg+" key as the secret of an HMAC under its own alg: "+s.what, hmacToken(head(k).String(), usual().String(), s.secret), "A2")
		}
	}
	ed := b.keys["eddsa"]
	b.refuse("EdDSA key as the secret of HS256: raw", hmacToken(head(ed).with("alg", quoted("HS256")).String(), usual().String(), bytesOf(ed.X)), "A2")
}

func (b *builder) keyIDs() {
	stranger := b.keys["stranger"]
	b.refuse("signed by a stranger, with our kid", stranger.token(head(b.es).String(), usual().String()))
	b.refuse("signed by a stranger, with its own kid", stranger.token(head(stranger).String(), usual().String()), "A7")
	ed := b.keys["eddsa"]
	b.refuse("signed by another key of the set", b.es.token(head(ed).String(), usual().String()), "A3")
	b.refuse("signed by another key of the set, under its own alg", ed.token(head(ed).with("kid", quoted(b.es.kid)).String(), usual().String()), "A3")
	b.refuseHeaded("no kid", head(b.es).without("kid"), "A6")
	for _, kid := range []string{
		"", "none", "../../../../dev/null", "/proc/self/environ", "' or '1'='1", "x'; drop table keys;--", "a|id", "$(id)",
		"http://127.0.0.1/key", b.es.kid + "\\u0000", " " + b.es.kid, b.es.kid + "=", strings.ToUpper(b.es.kid), strings.Repeat("k", 65),
	} {
		b.refuseHeaded(fmt.Sprintf("kid %q", kid), head(b.es).with("kid", quoted(kid)), "A6")
	}
	for _, value := range []string{"null", "0", "true", "[" + quoted(b.es.kid) + "]"} {
		b.refuseHeaded("kid of another type: "+value, head(b.es).with("kid", value), "A6")
	}
}

func (b *builder) headers() {
	stranger := b.keys["stranger"]
	theirs, ours := "{"+stranger.public()+"}", "{"+b.es.public()+"}"
	b.refuse("a stranger's key in jwk, with our kid", stranger.token(head(b.es).with("jwk", theirs).String(), usual().String()), "A4")
	b.refuse("a stranger's key in jwk, with its kid", stranger.token(head(stranger).with("jwk", theirs).String(), usual().String()), "A4")
	b.refuse("a stranger's key in jwk, without kid", stranger.token(head(stranger).without("kid").with("jwk", theirs).String(), usual().String()), "A4")
	b.refuseHeaded("our own key in jwk", head(b.es).with("jwk", ours), "A4").Strict = true
	certificate := list([]string{quoted(base64.StdEncoding.EncodeToString([]byte("a certificate")))})
	sum := sha256.Sum256([]byte("a certificate"))
	for _, m := range []member{
		{"jku", quoted("https://attacker.example/jwks.json")}, {"x5u", quoted("https://attacker.example/cert.pem")},
		{"x5c", certificate}, {"x5t#S256", quoted(base64url(sum[:]))},
	} {
		b.refuse(m.name+", signed by a stranger", stranger.token(head(b.es).with(m.name, m.value).String(), usual().String()), "A5")
		b.refuseHeaded(m.name+", signed by us", head(b.es).with(m.name, m.value), "A5").Strict = true
	}
	for _, crit := range []string{`["exp"]`, `[]`, `["alg"]`, `["b64","b64"]`, `["b64"]`, `"exp"`, `null`, `[""]`, `[1]`, `["x"]`} {
		b.refuseHeaded("crit "+crit, head(b.es).with("crit", crit), "A9")
	}
	b.refuseHeaded("crit that lists what is there", head(b.es).with("crit", `["x"]`).with("x", "1"), "A9")
	b.refuseHeaded("crit twice", append(head(b.es).with("crit", `["exp"]`), member{"crit", `[]`}), "A9", "A15")
	b.unencoded()
	b.refuseHeaded("zip", head(b.es).with("zip", quoted("DEF")), "A12")
	b.refuseHeaded("cty JWT", head(b.es).with("cty", quoted("JWT")), "A12")
	inner := b.mint(usual())
	b.refuse("a token in a token", b.es.token(head(b.es).with("cty", quoted("JWT")).String(), inner), "A12")
	b.refuse("a token in a token, cty left out", b.mint(text(inner)), "A12")
	b.refuseHeaded("p2c", head(b.es).with("p2s", quoted("AAAA")).with("p2c", "1000000000"), "A12")
	b.refuseHeaded("a member that nobody knows", head(b.es).with("x", "1")).Strict = true
	b.refuseHeaded("nonce", head(b.es).with("nonce", quoted("AAAA"))).Strict = true
}

// unencoded are payloads that are not base64url (RFC 7797).
func (b *builder) unencoded() {
	for _, crit := range []bool{false, true} {
		header, what := head(b.es).with("b64", "false"), "b64 false"
		if crit {
			header, what = header.with("crit", `["b64"]`), "b64 false, in crit"
		}
		b.refuseHeaded(what+", encoded nevertheless", header, "A10")
		claims := usual().String()
		signed := base64url([]byte(header.String())) + "." + claims
		b.refuse(what+", not encoded", signed+"."+base64url(b.es.sign(signed)), "A10")
		b.refuse(what+", detached", base64url([]byte(header.String()))+".."+base64url(b.es.sign(signed)), "A10")
	}
	b.refuseHeaded("b64 true, in crit", head(b.es).with("b64", "true").with("crit", `["b64"]`), "A10").Strict = true
	b.refuseHeaded("b64 true", head(b.es).with("b64", "true"), "A10").Strict = true
}
