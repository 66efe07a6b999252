package password

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// keyring has a key of 32 letters for each of its versions, "k…" for 1, "l…" for 2 and so on.
type keyring struct {
	current uint32
	loaded  []uint32
}

func (k keyring) Current() Pepper { return Pepper{k.current, k.key(k.current)} }

func (k keyring) ByVersion(_ context.Context, version uint32) ([]byte, bool) {
	if !slices.Contains(k.loaded, version) {
		return nil, false
	}
	return k.key(version), true
}

func (keyring) key(version uint32) []byte { return bytes.Repeat([]byte{'j' + byte(version)}, 32) }

var (
	one = keyring{current: 1, loaded: []uint32{1}}
	two = keyring{current: 2, loaded: []uint32{1, 2}}
)

func config(cost int, peppers Peppers) Config {
	return Config{Cost: cost, Workers: 1, Queue: 100, Peppers: peppers, Random: rand.Reader, Now: time.Now}
}

// newHasher makes a Hasher that is not running.
func newHasher(t testing.TB, c Config) *Hasher {
	t.Helper()
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// run runs h until the test ends.
func run(t testing.TB, h *Hasher) *Hasher {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return h
}

func mustHash(t testing.TB, h *Hasher, password string) string {
	t.Helper()
	stored, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// rounds counts what a Hasher asks bcrypt to do, and computes nothing.
type rounds struct{ n atomic.Uint64 }

// countRounds makes h say yes to the bcrypt string right and no to all else.
func countRounds(h *Hasher, right string) *rounds {
	var r rounds
	h.compare = func(hash, _ []byte) error {
		cost, err := bcrypt.Cost(hash)
		if err != nil {
			return err // bcrypt would have done nothing
		}
		r.n.Add(1 << cost)
		if string(hash) == right {
			return nil
		}
		return bcrypt.ErrMismatchedHashAndPassword
	}
	return &r
}

func TestNewNamesAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Cost: 15, Workers: -1, Queue: -2})
	for _, want := range []string{"cost 15", "-1 workers", "queue of -2", "Random and Now", "Peppers"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, without %q", err, want)
		}
	}
	for name, change := range map[string]func(*Config){
		"a cost below bcrypt's least": func(c *Config) { c.Cost = 3 },
		"a cost below zero":           func(c *Config) { c.Cost = -12 },
		"no pepper yet":               func(c *Config) { c.Peppers = keyring{} },
		"no clock":                    func(c *Config) { c.Now = nil },
		"no randomness":               func(c *Config) { c.Random = nil },
		"randomness that fails":       func(c *Config) { c.Random = iotest.ErrReader(io.ErrClosedPipe) },
	} {
		c := config(4, one)
		change(&c)
		if h, err := New(c); err == nil {
			t.Errorf("%s: got %v, no error", name, h)
		}
	}
}

func TestConfigDefaults(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{Peppers: one, Random: rand.Reader, Now: time.Now})
	if h.cost != DefaultCost || h.pool.workers < 1 || h.pool.places != 32*h.pool.workers {
		t.Errorf("cost %d, %d workers, %d places", h.cost, h.pool.workers, h.pool.places)
	}
}

func TestHashIsOursAndSalted(t *testing.T) {
	t.Parallel()
	h := run(t, newHasher(t, config(5, two)))
	first, second := mustHash(t, h, "correct horse"), mustHash(t, h, "correct horse")
	if first == second {
		t.Error("two hashes of one password are the same")
	}
	if !strings.HasPrefix(first, "$authd$p=2$2a$05$") || strings.Contains(first, "correct") {
		t.Errorf("got %q", first)
	}
}

func TestHashRefusesWhatCannotBeNormalised(t *testing.T) {
	t.Parallel()
	h := run(t, newHasher(t, config(4, one)))
	if _, err := h.Hash(t.Context(), "abc\x00def"); !errors.Is(err, ErrControlCharacter) {
		t.Errorf("E3: got %v", err)
	}
	if _, err := h.Hash(t.Context(), "\xff"); !errors.Is(err, ErrInvalidUTF8) {
		t.Errorf("E7: got %v", err)
	}
}

// A keyring that lost its pepper must not make hashes which anybody can guess at.
func TestHashNeedsAPepper(t *testing.T) {
	t.Parallel()
	h := newHasher(t, config(4, one))
	h.peppers = keyring{}
	if stored, err := run(t, h).Hash(t.Context(), "correct horse"); err == nil {
		t.Errorf("got %q", stored)
	}
}

func TestABusyHasherSaysSo(t *testing.T) {
	t.Parallel()
	h := newHasher(t, config(4, one))
	ended, stop := context.WithCancel(t.Context())
	stop()
	if err := h.Run(ended); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Hash(t.Context(), "correct horse"); !errors.Is(err, ErrBusy) {
		t.Errorf("Hash: %v", err)
	}
	if got, err := h.Verify(t.Context(), Attempt{}); !errors.Is(err, ErrBusy) || got != (Result{}) {
		t.Errorf("Verify: %+v, %v", got, err)
	}
}
