package jws

import (
	"errors"
	"slices"

	"github.com/authd/authd/verify/internal/strictjson"
)

// members are those of a JWK that mean something here. The rest (x5c, x5t, iat ...) is passed over, as
// RFC 7517, section 4, wants it.
type members struct {
	text    map[string]string // kty crv use alg kid x y n e
	ops     []string
	hasOps  bool
	private bool
	odd     string // the name of a member that has not the type that it has in our keys
}

// ParseKey reads one JWK. kid is returned as far as it could be read, with an error too.
func ParseKey(raw []byte) (key *Key, kid string, err error) {
	r, err := strictjson.NewReader(raw)
	if err != nil {
		return nil, "", err
	}
	m := members{text: make(map[string]string, 8)}
	err = r.Object(func(name []byte) error { return m.read(r, string(name)) })
	if err == nil {
		err = r.End()
	}
	kid = m.text["kid"]
	if err != nil {
		return nil, kid, err
	}
	key, err = m.key()
	return key, kid, err
}

func (m *members) read(r *strictjson.Reader, name string) error {
	switch name {
	case "kty", "crv", "use", "alg", "kid", "x", "y", "n", "e":
		if r.Next() != '"' { // which a key of another kind may do as it likes
			m.odd = name
			return r.Skip()
		}
		value, err := r.String()
		m.text[name] = string(value)
		return err
	case "key_ops":
		m.hasOps = true
		if r.Next() != '[' {
			m.odd = name
			return r.Skip()
		}
		return r.Array(func() error {
			if r.Next() != '"' {
				m.odd = name
				return r.Skip()
			}
			op, err := r.String()
			m.ops = append(m.ops, string(op))
			return err
		})
	case "d", "k":
		m.private = true
	}
	return r.Skip()
}

func (m *members) key() (*Key, error) {
	switch kty := m.text["kty"]; {
	case kty == "oct":
		// A secret that is published is none, and a public key must never serve as one.
		return nil, errors.New("a symmetric key")
	case kty != "EC" && kty != "OKP" && kty != "RSA":
		return nil, ErrForeign
	case m.odd != "":
		return nil, errors.New(m.odd + " is of another type")
	case m.private:
		return nil, errors.New("a private key, which everybody knows by now")
	case !isKeyID(m.text["kid"]):
		return nil, ErrKeyID
	}
	if use, ok := m.text["use"]; ok && use != "sig" {
		return nil, errors.New("the key is not for signatures")
	}
	if m.hasOps && !slices.Contains(m.ops, "verify") {
		return nil, errors.New("the key is not for verifying")
	}
	return m.material()
}

// material makes the key of what belongs to its type. alg may be absent: each type has one algorithm
// here, and the key is pinned to it either way.
func (m *members) material() (*Key, error) {
	kid := m.text["kid"]
	alg, stated := m.text["alg"]
	if !stated {
		alg = map[string]string{"EC": es256, "OKP": edDSA, "RSA": rs256}[m.text["kty"]]
	}
	numbers, err := m.decode("x", "y", "n", "e")
	if err != nil {
		return nil, err
	}
	switch kty, crv := m.text["kty"], m.text["crv"]; {
	case kty == "EC" && crv == "P-256" && alg == es256:
		return newES256(kid, numbers["x"], numbers["y"])
	case kty == "OKP" && crv == "Ed25519" && alg == edDSA:
		return newEdDSA(kid, numbers["x"])
	case kty == "RSA" && alg == rs256:
		return newRS256(kid, numbers["n"], numbers["e"])
	case kty == "EC" && crv == "P-256", kty == "OKP" && crv == "Ed25519":
		return nil, errors.New("the algorithm does not belong to the curve")
	}
	return nil, ErrForeign
}

func (m *members) decode(names ...string) (map[string][]byte, error) {
	numbers := make(map[string][]byte, len(names))
	for _, name := range names {
		text, ok := m.text[name]
		if !ok {
			continue
		}
		b, err := decode(nil, []byte(text))
		if err != nil {
			return nil, errors.New(name + " is not canonical base64url")
		}
		numbers[name] = b
	}
	return numbers, nil
}
