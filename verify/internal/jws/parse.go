package jws

import (
	"bytes"
	"encoding/base64"
	"errors"

	"github.com/authd/authd/verify/internal/strictjson"
)

// Why a text is refused. They are for the log of the service: a client is never told.
var (
	ErrTooLong   = errors.New("too long")
	ErrForm      = errors.New("not a compact JWS: three segments of canonical base64url")
	ErrHeader    = errors.New("the header is not one of ours")
	ErrKeyID     = errors.New("the kid is not one of ours")
	ErrAlgorithm = errors.New("the algorithm is not the one of the key")
	ErrSignature = errors.New("the signature does not hold")
)

var dot = []byte(".")

// maxHeader bounds the first segment before it is decoded. Ours have about 110 characters.
const maxHeader = 512

// Header is all that a header may have.
type Header struct {
	Algorithm string
	KeyID     string
	Type      string // as it stands there; empty if it is absent
}

// Message is a text whose form is right. Nothing in it can be trusted before Open.
type Message struct {
	Header
	signed    []byte // header and payload as they stand in the text
	payload   []byte
	signature []byte
}

// Parse looks at the form of a text and at its header. A text longer than limit is not looked at. The
// message shares the text's memory.
func Parse(text []byte, limit int) (Message, error) {
	if len(text) > limit {
		return Message{}, ErrTooLong
	}
	header, rest, _ := bytes.Cut(text, dot)
	payload, signature, three := bytes.Cut(rest, dot)
	if !three || len(header) == 0 || len(signature) == 0 || bytes.Contains(signature, dot) {
		return Message{}, ErrForm
	}
	if len(header) > maxHeader {
		return Message{}, ErrHeader
	}
	m := Message{signed: text[:len(header)+1+len(payload)], payload: payload, signature: signature}
	var err error
	m.Header, err = parseHeader(header)
	return m, err
}

// Open checks the signature and returns the payload, appended to buf.
func (m *Message) Open(key *Key, buf []byte) ([]byte, error) {
	if m.Algorithm != key.alg {
		// The header is the attacker's. What a key may be used for is ours to say (RFC 8725, section 3.1).
		return nil, ErrAlgorithm
	}
	if base64.RawURLEncoding.DecodedLen(len(m.signature)) > maxSignature {
		return nil, ErrSignature
	}
	signature, err := decode(make([]byte, 0, 64), m.signature)
	if err != nil {
		return nil, ErrForm
	}
	if !key.Verify(m.signed, signature) {
		return nil, ErrSignature
	}
	payload, err := decode(buf, m.payload)
	if err != nil {
		return nil, ErrForm
	}
	return payload, nil
}

func parseHeader(segment []byte) (h Header, err error) {
	text, err := decode(make([]byte, 0, 96), segment)
	if err != nil {
		return Header{}, ErrForm
	}
	// JSON allows white space around an object. Readers differ in whether it belongs to what was signed:
	// jwx, for one, lets it go before it checks.
	if !bytes.HasPrefix(text, []byte("{")) || !bytes.HasSuffix(text, []byte("}")) {
		return Header{}, ErrHeader
	}
	r, err := strictjson.NewReader(text)
	if err != nil {
		return Header{}, ErrHeader
	}
	err = r.Object(func(name []byte) error {
		value, err := r.String()
		if err != nil {
			return err
		}
		switch string(name) {
		case "alg":
			h.Algorithm = string(value)
		case "kid":
			h.KeyID = string(value)
		case "typ":
			h.Type = string(value)
		default:
			// crit, jwk, jku, b64 and whatever is invented next: a header that we only half understand may
			// mean something else than we think (RFC 7515, section 4.1.11).
			return ErrHeader
		}
		return nil
	})
	if err != nil || r.End() != nil || h.Algorithm == "" {
		return Header{}, ErrHeader
	}
	if !isKeyID(h.KeyID) {
		return Header{}, ErrKeyID
	}
	return h, nil
}

// isKeyID reports whether kid looks like ours, which are thumbprints (RFC 7638) in base64url. Others
// have put paths and SQL there.
func isKeyID(kid string) bool {
	for i := range len(kid) {
		switch c := kid[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return 0 < len(kid) && len(kid) <= 64
}

// decode appends what base64url without padding stands for, of which exactly one text is right: unused
// bits must be zero, and the line breaks that Go's decoder skips are refused.
func decode(buf, segment []byte) ([]byte, error) {
	had := len(buf)
	out, err := base64.RawURLEncoding.Strict().AppendDecode(buf, segment)
	if err == nil && base64.RawURLEncoding.EncodedLen(len(out)-had) != len(segment) {
		err = ErrForm
	}
	return out, err
}
