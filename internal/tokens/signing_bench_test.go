package tokens

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// BenchmarkSign prints what an access token costs, from claims to text, against the least that it can:
// the signature by the standard library, and base64 of a payload that is already there. jwx makes the
// same token beside it in two ways, from a jwt.Token and from the payload. All take turns, and medians
// are compared, so that a busy machine is busy for all.
func BenchmarkSign(b *testing.B) {
	for _, alg := range Algs() {
		b.Run(string(alg), func(b *testing.B) {
			_, keys := keysOfAll(b)
			c := usual()
			ways := []struct {
				name string
				sign func() error
			}{
				{"plain", plainly(b, keys[alg])},
				{"authd", func() error { _, err := keys[alg].sign(c); return err }},
				{"jwt", byJWT(b, alg, keys[alg])},
				{"jws", byJWS(b, alg, keys[alg])},
			}
			took := make([][]time.Duration, len(ways))
			for b.Loop() {
				for n, way := range ways {
					began := time.Now()
					if err := way.sign(); err != nil {
						b.Fatalf("%s: %v", way.name, err)
					}
					took[n] = append(took[n], time.Since(began))
				}
			}
			b.ReportMetric(0, "ns/op") // of all together: it means nothing
			for n, way := range ways {
				b.ReportMetric(median(took[n])/1000, "µs-"+way.name)
				b.ReportMetric(testing.AllocsPerRun(20, func() { _ = way.sign() }), "allocs-"+way.name)
				if n > 0 {
					b.ReportMetric(median(took[n])/median(took[0]), "x-plain-"+way.name)
				}
			}
		})
	}
}

func median(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)/2])
}

// plainly is the yardstick: what nobody can leave out. That of ES256 is spared the way from DER to R and S.
func plainly(b *testing.B, key *signingKey) func() error {
	c := usual()
	payload, err := c.write(nil)
	if err != nil {
		b.Fatal(err)
	}
	signature := func(message []byte) ([]byte, error) {
		digest := sha256.Sum256(message)
		switch pair := key.pair.(type) {
		case es256:
			return pair.key.Sign(nil, digest[:], crypto.SHA256)
		case edDSA:
			return ed25519.Sign(pair.key, message), nil
		}
		return rsa.SignPKCS1v15(nil, key.pair.private().(*rsa.PrivateKey), crypto.SHA256, digest[:])
	}
	return func() error {
		into := make([]byte, 0, 1024)
		into = base64.RawURLEncoding.AppendEncode(append(append(into, key.header...), '.'), payload)
		s, err := signature(into)
		_ = base64.RawURLEncoding.AppendEncode(append(into, '.'), s)
		return err
	}
}

// byJWT is jwx as its guide shows it, with the header of ours.
func byJWT(b *testing.B, alg Alg, key *signingKey) func() error {
	private, headers, algorithm := jwxKey(b, alg, key)
	c := usual()
	return func() error {
		token, err := jwt.NewBuilder().Issuer(c.Issuer).Subject(c.Subject).Audience(c.Audience).
			Expiration(time.Unix(c.Expiry, 0)).IssuedAt(time.Unix(c.IssuedAt, 0)).JwtID(c.ID).Claim("client_id", c.Client).
			Claim("sid", c.Session).Claim("auth_time", c.AuthTime).Claim("epoch", c.Epoch).Build()
		if err != nil {
			return err
		}
		_, err = jwt.Sign(token, jwt.WithKey(algorithm, private, jws.WithProtectedHeaders(headers)))
		return err
	}
}

// byJWS leaves the claims to us.
func byJWS(b *testing.B, alg Alg, key *signingKey) func() error {
	private, headers, algorithm := jwxKey(b, alg, key)
	c := usual()
	return func() error {
		payload, err := c.write(nil)
		if err != nil {
			return err
		}
		_, err = jws.Sign(payload, jws.WithKey(algorithm, private, jws.WithProtectedHeaders(headers)))
		return err
	}
}

func jwxKey(b *testing.B, alg Alg, key *signingKey) (jwk.Key, jws.Headers, jwa.SignatureAlgorithm) {
	private, err := jwk.Import(key.pair.private())
	if err != nil {
		b.Fatal(err)
	}
	headers := jws.NewHeaders()
	for name, value := range map[string]any{jws.KeyIDKey: key.kid, jws.TypeKey: "at+jwt"} {
		if err := headers.Set(name, value); err != nil {
			b.Fatal(err)
		}
	}
	algorithm, ok := jwa.LookupSignatureAlgorithm(string(alg))
	if !ok {
		b.Fatalf("jwx does not know %s", alg)
	}
	return private, headers, algorithm
}
