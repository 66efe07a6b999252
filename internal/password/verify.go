package password

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
)

// Attempt is somebody's claim to know a password.
type Attempt struct {
	// Stored is the user's hash. Empty means that there is no such user; then, as for a hash that
	// cannot be read, the answer is no.
	Stored string
	// Typed is the password as it came.
	Typed string
	// Ceiling is the greatest cost among all stored hashes. It must come from the same reading as
	// Stored: a hash of a greater cost than both it and the configured one would stand out.
	Ceiling int
	// Refuse makes the answer no whatever was typed, for users who may not sign in.
	Refuse bool
}

// Result is the answer to an Attempt. Rehash says that the password is right and the hash should be
// replaced by a new one of the same password: it was imported, or its cost or pepper is not the
// current one.
type Result struct {
	Match  bool
	Rehash bool
}

// comparison is an Attempt as a worker needs it.
type comparison struct {
	stored  hash // a decoy of the full cost where no real hash may answer
	input   []byte
	real    bool
	ceiling int
	rehash  bool
	fault   error // what the caller learns after the work
}

// Verify answers an attempt. With m the greater of Ceiling and the configured cost, every no takes
// exactly 2^m rounds of bcrypt, in one turn of one worker: for a user who does not exist, is
// refused, typed something wrong or has a hash of another cost. A yes takes the rounds of its own
// hash: who knows the password learns nothing from the time.
//
// An error means that nothing was compared, so a caller that counts failures may count on it. An
// attempt that was begun is carried through and answered even if ctx has ended meanwhile: otherwise
// one could hang up before every no, and guess without being counted.
func (h *Hasher) Verify(ctx context.Context, a Attempt) (Result, error) {
	c := h.prepare(ctx, a)
	var result Result
	if err := h.pool.do(ctx, func() { result = h.answer(c) }); err != nil {
		return Result{}, err
	}
	return result, c.fault
}

// prepare does what is cheap, or waits for the store, before a worker is asked for.
func (h *Hasher) prepare(ctx context.Context, a Attempt) comparison {
	c := comparison{ceiling: max(h.cost, min(a.Ceiling, MaxCost))}
	stored, ok := parseHash(a.Stored)
	if ok = ok && stored.cost <= MaxCost; ok {
		c.ceiling = max(c.ceiling, stored.cost)
	}
	pepper := h.peppers.Current()
	normalised, err := Normalize(a.Typed)
	if a.Refuse || !ok || err != nil {
		return h.refuse(c, prehash(pepper.Key, a.Typed))
	}
	c.real, c.stored = true, stored
	c.rehash = stored.pepper != pepper.Version || stored.cost != h.cost
	if stored.pepper == 0 {
		// The bytes as typed, cut at 72 like wherever the hash was made. A NUL would be worse than
		// cut, because bcrypt repeats its key with one in between: "abc" and "abc\x00abc" are the same
		// to it. Normalize has refused that.
		c.input = []byte(a.Typed)
		return c
	}
	key, loaded := h.peppers.ByVersion(ctx, stored.pepper)
	if !loaded || len(key) < minPepper {
		c.fault = fmt.Errorf("%w: version %d", ErrNoPepper, stored.pepper)
		return h.refuse(c, prehash(pepper.Key, normalised))
	}
	c.input = prehash(key, normalised)
	return c
}

// refuse makes c one that costs everything and matches nothing.
func (h *Hasher) refuse(c comparison, input []byte) comparison {
	c.real, c.stored, c.input = false, h.decoyOf(c.ceiling), input
	return c
}

// answer runs on a worker.
func (h *Hasher) answer(c comparison) Result {
	match := h.compare([]byte(c.stored.bcrypt), c.input) == nil
	if match && c.real {
		return Result{Match: true, Rehash: c.rehash}
	}
	// 2^c and then 2^c + 2^(c+1) + … + 2^(m-1) make 2^m.
	for cost := c.stored.cost; cost < c.ceiling; cost++ {
		_ = h.compare([]byte(h.decoyOf(cost).bcrypt), c.input)
	}
	return Result{}
}

// newDecoy draws the salt and the digest of a hash that was never computed, so that no password can
// be known for it and none has to be hashed at start.
func newDecoy(random io.Reader) (string, error) {
	var b [16 + 23]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("password: draw a decoy: %w", err)
	}
	text := base64.NewEncoding(bcryptAlphabet).WithPadding(base64.NoPadding)
	return text.EncodeToString(b[:16]) + text.EncodeToString(b[16:]), nil
}

func (h *Hasher) decoyOf(cost int) hash {
	return hash{cost: cost, bcrypt: fmt.Sprintf("$2a$%02d$%s", cost, h.decoy)}
}
