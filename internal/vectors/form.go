package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"unicode/utf16"
)

// json are texts that two parsers read differently.
func (b *builder) json() {
	kid := b.es.kid
	b.refuseHeaded("alg twice", append(head(b.es), member{"alg", quoted("ES256")}), "A15")
	b.refuseHeaded("alg twice, none first", append(object{{"alg", quoted("none")}}, head(b.es)...), "A15")
	b.refuseHeaded("alg twice, once by an escape", append(head(b.es), member{`\u0061lg`, quoted("none")}), "A15")
	b.refuseHeaded("kid twice", append(head(b.es), member{"kid", quoted(kid)}), "A15")
	b.refuseHeaded("typ twice", append(object{{"typ", quoted("JWT")}}, head(b.es)...), "A15")
	b.refuseHeaded("ALG beside alg", append(head(b.es), member{"ALG", quoted("none")}), "A15").Strict = true
	for _, m := range usual() {
		b.refuseClaims(m.name+" twice", append(usual(), m), "A15")
	}
	b.refuseClaims("sub twice, once by an escape", append(usual(), member{`s\u0075b`, quoted(client)}), "A15")
	b.refuseClaims("an unknown claim twice", append(usual(), member{"x", "1"}, member{"x", "2"}), "A15")
	b.refuseClaims("a name twice inside of a claim", usual().with("x", `{"a":1,"a":2}`), "A15").Strict = true
	for _, space := range []string{" ", "\r\n"} {
		b.refuseHeaded(fmt.Sprintf("%q before the header's object", space), text(space+head(b.es).String()), "A16").Strict = true
		b.refuseHeaded(fmt.Sprintf("%q behind the header's object", space), text(head(b.es).String()+space), "A16").Strict = true
	}
	for _, bad := range noObjects(head(b.es).String()) {
		b.refuse("header: "+bad.what, b.es.token(bad.text, usual().String()), "A16")
	}
	for _, bad := range noObjects(usual().String()) {
		b.refuse("payload: "+bad.what, b.es.token(head(b.es).String(), bad.text), "A16")
	}
}

// noObjects are texts made from an object that are not one JSON object in UTF-8.
func noObjects(whole string) []struct{ what, text string } {
	begun := func(member string) string { return strings.Replace(whole, "{", "{"+member+",", 1) }
	open := strings.TrimSuffix(whole, "}")
	return []struct{ what, text string }{
		{"a byte that is no UTF-8", begun("\"x\":\"\xff\"")},
		{"a surrogate in UTF-8", begun("\"x\":\"\xed\xa0\x80\"")},
		{"an overlong slash", begun("\"x\":\"\xc0\xaf\"")},
		{"half a surrogate pair by an escape", begun(`"x":"\ud800"`)},
		{"a raw line end in a string", begun("\"x\":\"\n\"")},
		{"a mark of byte order", "\xef\xbb\xbf" + whole},
		{"UTF-16", utf16Text(whole)},
		{"nothing but a list", "[" + whole + "]"},
		{"nothing but a string", fmt.Sprintf("%q", whole)},
		{"null", "null"},
		{"an empty object", "{}"},
		{"a second object behind", whole + "{}"},
		{"a byte behind", whole + "\x00"},
		{"a bracket too many", whole + "}"},
		{"a bracket too few", open},
		{"a comma too many", open + ",}"},
		{"a comment", strings.Replace(whole, "{", "{/**/", 1)},
		{"single quotes", strings.ReplaceAll(whole, `"`, "'")},
	}
}

// spelling are texts that a lax decoder reads as the same token. Of a token there is exactly one text.
// Those of header and payload are signed as they stand, so that nothing but the decoder can refuse them.
func (b *builder) spelling() {
	good := b.mint(usual())
	segments := strings.Split(good, ".")
	signed := func(header, payload string) string {
		part := header + "." + payload
		return part + "." + base64url(b.es.sign(part))
	}
	for i, what := range []string{"header", "payload", "signature"} {
		for _, bad := range misspelled(segments[i]) {
			token := []func() string{
				func() string { return signed(bad.text, segments[1]) },
				func() string { return signed(segments[0], bad.text) },
				func() string { return segments[0] + "." + segments[1] + "." + bad.text },
			}[i]()
			b.refuse(bad.what+" the "+what, token, "A14")
		}
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

// misspelled are texts that some decoders of base64 read as a segment.
func misspelled(s string) []struct{ what, text string } {
	return []struct{ what, text string }{
		{"padding behind", s + padding(s)},
		{"a line end in", s[:8] + "\n" + s[8:]},
		{"a line end of two bytes in", s[:8] + "\r\n" + s[8:]},
		{"a line end behind", s + "\n"},
		{"a space in", s[:8] + " " + s[8:]},
		{"a letter too many behind", s + "A"},
		{"a letter too few behind", s[:len(s)-1]},
		{"a letter outside of the alphabet in", s[:8] + "!" + s[8:]},
		{"a letter that is not ASCII in", s[:8] + "é" + s[8:]},
	}
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
