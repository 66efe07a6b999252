package live

import "crypto/sha256"

// Kind says which claim a record is about.
type Kind uint8

// The kinds of kills that tokens are looked up by. Kills of keys act on the key set.
const (
	Session Kind = 1 + iota // sid
	Token                   // jti
	Subject                 // sub: tokens whose epoch is below the value are dead
)

// Digest is the first 12 bytes of SHA-256 of a claim's text as it stands in the token.
type Digest [12]byte

// DigestOf hashes a claim's text.
func DigestOf(claim string) Digest {
	sum := sha256.Sum256([]byte(claim))
	return Digest(sum[:12])
}

// A Record is one kill. Value is 0 for all kinds but Subject.
type Record struct {
	Kind   Kind
	Digest Digest
	Until  uint32 // seconds; forgotten some time later
	Value  uint64 // below 2^56
}

// slot is a record as it is stored: 24 bytes, no pointers.
type slot struct {
	tagged uint64 // kind in the highest byte, value in the others
	digest Digest
	until  uint32
}

const valueBits = 56

// MaxValue is the greatest value that a record can have.
const MaxValue = 1<<valueBits - 1

func (s *slot) is(k Kind, d *Digest) bool { return Kind(s.tagged>>valueBits) == k && s.digest == *d }
func (s *slot) value() uint64             { return s.tagged & MaxValue }
