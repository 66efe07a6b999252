package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"unicode/utf16"
)

// json are texts that two parsers read differently, or that are no JSON object in UTF-8.
func (b *builder) json() {
	kid := b.es.kid
	b.refuseHeaded("alg twice", append(head(b.es), member{"alg", quoted("ES256")}), "A15")
	b.refuseHeaded("alg twice, none first", append(object{{"alg", quoted("none")}}, head(b.es)...), "A15")
	b.refuseHeaded("alg twice, once by an escape", append(head(b.es), member{`\u0061lg`, quoted("none")}), "A15")
	b.refuseHeaded("kid twice", append(head(b.es), member{"kid", quoted(kid)}), "A15")
	b.refuseHeaded("typ twice", append(object{{"typ", quoted("JWT")}}, head(b.es)...), "A15")
	b.refuseHeaded("ALG beside alg", append(head(b.es), member{"ALG", quoted("none")}), "A15").Strict = true
	for _, space := range []string{" ", "\r\n"} {
		b.refuseHeaded(fmt.Sprintf("%q before the header's object", space), text(space+head(b.es).String()), "A16").Strict = true
		b.refuseHeaded(fmt.Sprintf("%q behind the header's object", space), text(head(b.es).String()+space), "A16").Strict = true
	}
	for _, m := range usual() {
		b.refuseClaims(m.name+" twice", append(usual(), m), "A15")
	}
	b.refuseClaims("sub twice, once by an escape", append(usual(), member{`s\u0075b`, quoted(client)}), "A15")
	b.refuseClaims("an unknown claim twice", append(usual(), member{"x", "1"}, member{"x", "2"}), "A15")
	b.refuseClaims("a name twice inside of a claim", usual().with("x", `{"a":1,"a":2}`), "A15").Strict = true
	header, payload := head(b.es).String(), usual().String()
	for _, part := range []struct {
		what  string
		token func(changed string) string
		whole string
	}{
		{"header", func(changed string) string { return b.es.token(changed, payload) }, header},
		{"payload", func(changed string) string { return b.es.token(header, changed) }, payload},
	} {
		for _, bad := range []struct{ what, text string }{
			{"a byte that is no UTF-8", strings.Replace(part.whole, "{", "{\"x\":\"\xff\",", 1)},
			{"a surrogate in UTF-8", strings.Replace(part.whole, "{", "{\"x\":\"\xed\xa0\x80\",", 1)},
			{"an overlong slash", strings.Replace(part.whole, "{", "{\"x\":\"\xc0\xaf\",", 1)},
			{"half a surrogate pair by an escape", strings.Replace(part.whole, "{", `{"x":"\ud800",`, 1)},
			{"a mark of byte order", "\xef\xbb\xbf" + part.whole},
			{"UTF-16", utf16Text(part.whole)},
			{"nothing but a list", "[" + part.whole + "]"},
			{"nothing but a string", fmt.Sprintf("%q", part.whole)},
			{"null", "null"},
			{"an empty object", "{}"},
			{"a second object behind", part.whole + "{}"},
			{"a byte behind", part.whole + "\x00"},
			{"a bracket too many", part.whole + "}"},
			{"a bracket too few", strings.TrimSuffix(part.whole, "}")},
			{"a comma too many", strings.TrimSuffix(part.whole, "}") + ",}"},
			{"a comment", strings.Replace(part.whole, "{", "{/**/", 1)},
			{"single quotes", strings.ReplaceAll(part.whole, `"`, "'")},
			{"a raw line end in a string", strings.Replace(part.whole, "{", "{\"x\":\"\n\",", 1)},
		} {
			b.refuse(part.what+": "+bad.what, part.token(bad.text), "A16")
		}
	}
}

// spelling are texts that a lax decoder reads as the same token. Of a token there is exactly one text.
func (b *builder) spelling() {
	good := b.mint(usual())
	segments := strings.Split(good, ".")
	for i, what := range []string{"header", "payload", "signature"} {
		changed := func(to string) string {
			out := append([]string(nil), segments...)
			out[i] = to
			return strings.Join(out, ".")
		}
		s := segments[i]
		b.refuse("padding behind the "+what, changed(s+padding(s)), "A14")
		b.refuse("a line end in the "+what, changed(s[:8]+"\n"+s[8:]), "A14")
		b.refuse("a line end of two bytes in the "+what, changed(s[:8]+"\r\n"+s[8:]), "A14")
		b.refuse("a space in the "+what, changed(s[:8]+" "+s[8:]), "A14")
		b.refuse("a letter too many in the "+what, changed(s+"A"), "A14")
		b.refuse("a letter too few in the "+what, changed(s[:len(s)-1]), "A14")
		b.refuse("a letter outside of the alphabet in the "+what, changed(s[:8]+"!"+s[9:]), "A14")
		b.refuse("a letter that is not ASCII in the "+what, changed(s[:8]+"é"+s[9:]), "A14")
	}
	b.refuse("loose bits behind the signature", good[:len(good)-1]+loose(good[len(good)-1]), "A14")
	b.loosePayload()
	b.refuse("the signature in the other alphabet", b.otherAlphabet(), "A14")
	for _, space := range []string{" ", "\n", "\t", "\x00", "\u00a0", "\ufeff"} {
		b.refuse(fmt.Sprintf("%q before", space), space+good, "A14")
		b.refuse(fmt.Sprintf("%q behind", space), good+space, "A14")
	}
	b.refuse("Bearer before", "Bearer "+good, "A14")
	b.refuse("dots as escapes of an address", strings.ReplaceAll(good, ".", "%2E"), "A14")
}

// loosePayload signs a text whose payload has bits behind its last byte that are not zero: the signature
// is good, and a lax decoder reads the same claims.
func (b *builder) loosePayload() {
	claims := usual().String()
	for len(claims)%3 == 0 {
		claims += " "
	}
	part := signedPart(head(b.es).String(), claims)
	part = part[:len(part)-1] + loose(part[len(part)-1])
	b.refuse("loose bits behind the payload, signed so", part+"."+base64url(b.es.sign(part)), "A14")
}

// otherAlphabet is a token whose signature is written with + and / where base64url has - and _.
func (b *builder) otherAlphabet() string {
	for n := 0; ; n++ {
		token := b.mint(usual().with("jti", quoted(base64url([]byte(fmt.Sprintf("alphabet%04d", n))))))
		at := strings.LastIndex(token, ".") + 1
		if strings.ContainsAny(token[at:], "-_") {
			return token[:at] + strings.NewReplacer("-", "+", "_", "/").Replace(token[at:])
		}
	}
}

func (b *builder) segments() {
	good := b.mint(usual())
	segments := strings.Split(good, ".")
	for _, c := range []struct{ what, token string }{
		{"nothing", ""},
		{"a dot", "."},
		{"two dots", ".."},
		{"nine thousand dots", strings.Repeat(".", 9000)},
		{"one segment", segments[0]},
		{"two segments", segments[0] + "." + segments[1]},
		{"two segments and a dot", segments[0] + "." + segments[1] + "."},
		{"four segments", good + "." + segments[2]},
		{"a dot behind", good + "."},
		{"a dot before", "." + good},
		{"five segments", good + ".AAAA.AAAA"},
		{"no header", "." + segments[1] + "." + segments[2]},
		{"no payload", segments[0] + ".." + segments[2]},
		{"no payload, signed so", b.mint(text(""))},
		{"a refresh token", "art_" + base64url([]byte(strings.Repeat("refresh token ", 5))[:69])},
		{"a number", "1795357626"},
	} {
		b.refuse(c.what, c.token, "A13")
	}
	b.refuse("as long as may be read, and one claim too long", b.long(maxToken+1), "A13")
	b.add(valid, "as long as may be read", b.long(maxToken), "A13")
	b.serialisations(segments)
	jwe := object{{"alg", quoted("dir")}, {"enc", quoted("A128GCM")}, {"kid", quoted(b.es.kid)}, {"typ", quoted("at+jwt")}}
	b.refuse("JWE", base64url([]byte(jwe.String()))+"..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA", "A12")
	bomb := jwe.with("alg", quoted("PBES2-HS256+A128KW")).with("p2s", quoted("AAAAAAAAAAA")).with("p2c", "1000000000")
	b.refuse("JWE with a billion rounds", base64url([]byte(bomb.String()))+".AAAA.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA", "A12")
}

// serialisations are the two JSON forms of a JWS (RFC 7515, section 7.2).
func (b *builder) serialisations(segments []string) {
	one := object{{"protected", quoted(segments[0])}, {"signature", quoted(segments[2])}}
	b.refuse("JSON, flattened", append(object{{"payload", quoted(segments[1])}}, one...).String(), "A11")
	general := object{{"payload", quoted(segments[1])}, {"signatures", list([]string{one.String()})}}
	b.refuse("JSON, general", general.String(), "A11")
	b.refuse("JSON, two signatures", general.with("signatures", list([]string{one.String(), one.String()})).String(), "A11")
	b.refuse("JSON with the header not protected", object{
		{"payload", quoted(segments[1])}, {"header", head(b.es).String()}, {"signature", quoted(segments[2])}}.String(), "A11")
}

// long makes a token of exactly so many characters.
func (b *builder) long(length int) string {
	for n := (length - 600) * 3 / 4; ; n++ {
		if token := b.mint(usual().with("x", quoted(strings.Repeat("x", n)))); len(token) >= length {
			return token
		}
	}
}

// loose changes the last letter so that only bits change that stand for nothing.
func loose(last byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, last)|1])
}

// padding is what base64 would have behind a segment, or what it never has behind one that needs none.
func padding(segment string) string {
	if n := len(segment) % 4; n > 0 {
		return strings.Repeat("=", 4-n)
	}
	return "===="
}

func utf16Text(text string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit>>8), byte(unit))
	}
	return string(out)
}

// subjectPublicKeyInfo is a public key as files have it.
func subjectPublicKeyInfo(k *key) (der, text []byte) {
	der = must(x509.MarshalPKIXPublicKey(k.private.Public()))
	return der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}
