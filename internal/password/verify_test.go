package password

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"
)

func verify(t testing.TB, h *Hasher, a Attempt) Result {
	t.Helper()
	result, err := h.Verify(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

var (
	no     = Result{}
	yes    = Result{Match: true}
	rehash = Result{Match: true, Rehash: true}
)

func TestAPasswordOpensItsOwnHashAlone(t *testing.T) {
	t.Parallel()
	h := run(t, newHasher(t, config(4, one)))
	long := strings.Repeat("x", 72)
	tests := []struct {
		name, set, typed string
		want             Result
	}{
		{"itself", "correct horse", "correct horse", yes},
		{"another", "correct horse", "correct house", no},
		{"nothing", "correct horse", "", no},
		{"E1: 72 bytes and another end", long + "X", long + "Y", no},
		{"E1: the first 72 bytes", long + "X", long, no},
		{"E2: 64 emoji", strings.Repeat("🦊", 64), strings.Repeat("🦊", 64), yes},
		{"E2: 64 emoji but for the last", strings.Repeat("🦊", 64), strings.Repeat("🦊", 63) + "🐻", no},
		{"E3: up to the NUL", "abcdefgh", "abcdefgh\x00ijk", no},
		{"E4: composed and decomposed", "caf\u00e9 noir", "cafe\u0301 noir", yes},
		{"E4: another space", "caf\u00e9 noir", "caf\u00e9\u00a0noir", yes},
		{"E5: a ligature", "\ufb01nal word", "final word", no},
		{"E5: a superscript", "square m\u00b2", "square m2", no},
		{"E6: case", "Correct Horse", "correct horse", no},
		{"E6: a blank at the end", "correct horse ", "correct horse", no},
		{"E7: two bad bytes are not one character", "pass\ufffdword", "pass\xffword", no},
	}
	for _, tt := range tests {
		stored := mustHash(t, h, tt.set)
		if got := verify(t, h, Attempt{Stored: stored, Typed: tt.typed}); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// Made by openssl (HMAC-SHA-384 under 32 times "k", base64) and libxcrypt. Should this fail, no stored
// password opens any more.
func TestTheSchemeIsWhatOthersCompute(t *testing.T) {
	t.Parallel()
	h := run(t, newHasher(t, config(5, one)))
	const stored = "$authd$p=1$2a$05$abcdefghijklmnopqrstuu2VI24ViseWGFvVZtd.gYicw0bXlbYu6"
	if got := verify(t, h, Attempt{Stored: stored, Typed: "correct horse battery staple"}); got != yes {
		t.Errorf("got %+v", got)
	}
}

// E11. The hashes are libxcrypt's.
func TestImportedHashesOpenWithTheBytesAsTyped(t *testing.T) {
	t.Parallel()
	h := run(t, newHasher(t, config(5, one)))
	const (
		cafe = "$05$abcdefghijklmnopqrstuuytyvD59Wdps6VypaRXRnKoDs27PHQU2" // na\u00efve caf\u00e9
		long = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"
		abc  = "$2b$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2"
	)
	tests := []struct {
		name, stored, typed string
		want                Result
	}{
		{"$2a$", "$2a" + cafe, "na\u00efve caf\u00e9", rehash},
		{"$2b$", "$2b" + cafe, "na\u00efve caf\u00e9", rehash},
		{"$2y$", "$2y" + cafe, "na\u00efve caf\u00e9", rehash},
		{"a wrong password", "$2a" + cafe, "naive cafe", no},
		{"not normalised", "$2a" + cafe, "nai\u0308ve cafe\u0301", no},
		{"cut at 72 bytes where it was made", long, strings.Repeat("x", 72) + "tail", rehash},
		{"a short one", abc, "abc", rehash},
		{"E3: bcrypt's key repeats after its NUL", abc, "abc\x00abc", no},
	}
	for _, tt := range tests {
		if got := verify(t, h, Attempt{Stored: tt.stored, Typed: tt.typed}); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
	// Not a fault of ours: the case above stands on it.
	if err := bcrypt.CompareHashAndPassword([]byte(abc), []byte("abc\x00abc")); err != nil {
		t.Errorf("bcrypt tells abc from abc-NUL-abc now: %v", err)
	}
}

func TestWhatIsNotCurrentIsHashedAnew(t *testing.T) {
	t.Parallel()
	const right = "correct horse"
	old := mustHash(t, run(t, newHasher(t, config(4, one))), right)
	for name, tt := range map[string]struct {
		config Config
		want   Result
	}{
		"the same cost and pepper": {config(4, one), yes},
		"a greater cost":           {config(5, one), rehash},
		"a newer pepper":           {config(4, two), rehash},
	} {
		h := run(t, newHasher(t, tt.config))
		if got := verify(t, h, Attempt{Stored: old, Typed: right}); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
		if got := verify(t, h, Attempt{Stored: old, Typed: "wrong"}); got != no {
			t.Errorf("%s, wrong password: got %+v", name, got)
		}
		if got := verify(t, h, Attempt{Stored: mustHash(t, h, right), Typed: right}); got != yes {
			t.Errorf("%s, hashed anew: got %+v", name, got)
		}
	}
	lower := run(t, newHasher(t, config(4, one)))
	higher := mustHash(t, run(t, newHasher(t, config(5, one))), right)
	if got := verify(t, lower, Attempt{Stored: higher, Typed: right, Ceiling: 5}); got != rehash {
		t.Errorf("a lower cost: got %+v", got)
	}
}

// A stored hash alone opens nothing, not even with a keyring that has another pepper under its name.
func TestTheVersionNamesThePepper(t *testing.T) {
	t.Parallel()
	h := run(t, newHasher(t, config(4, two)))
	stored := mustHash(t, h, "correct horse")
	renamed := strings.Replace(stored, "p=2", "p=1", 1)
	if got := verify(t, h, Attempt{Stored: renamed, Typed: "correct horse"}); got != no {
		t.Errorf("under pepper 1: got %+v", got)
	}
	bare := strings.TrimPrefix(stored, "$authd$p=2")
	if got := verify(t, h, Attempt{Stored: bare, Typed: "correct horse"}); got != no {
		t.Errorf("as an import: got %+v", got)
	}
}

// E8, E9: over every cost a hash, a configuration and a ceiling can have.
func TestEveryNoCostsTheSame(t *testing.T) {
	t.Parallel()
	const right = "right password"
	for configured := bcrypt.MinCost; configured <= MaxCost; configured++ {
		h := newHasher(t, config(configured, one))
		for cost := bcrypt.MinCost; cost <= MaxCost; cost++ {
			stored := fmt.Sprintf("$2a$%02d$%s", cost, salt+digest)
			rounds := countRounds(h, stored)
			for _, ceiling := range []int{-1, 0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 31} {
				if ceiling < cost && configured < cost {
					continue // the caller breaks its word: see below
				}
				want := uint64(1) << max(configured, min(ceiling, MaxCost))
				ours := "$authd$p=1" + stored
				for name, a := range map[string]Attempt{
					"nobody":              {Stored: "", Typed: right},
					"refused":             {Stored: ours, Typed: right, Refuse: true},
					"refused, imported":   {Stored: stored, Typed: right, Refuse: true},
					"not text":            {Stored: ours, Typed: "\xff"},
					"not text, imported":  {Stored: stored, Typed: "\xff"},
					"not typeable":        {Stored: ours, Typed: "abc\x00"},
					"corrupt":             {Stored: ours[1:], Typed: right},
					"beyond what we do":   {Stored: "$2a$31$" + salt + digest, Typed: right},
					"wrong":               {Stored: strings.Replace(ours, digest, digest[:30]+"e", 1), Typed: right},
					"wrong, imported":     {Stored: strings.Replace(stored, digest, digest[:30]+"e", 1), Typed: right},
					"nobody, and refused": {Refuse: true},
				} {
					a.Ceiling = ceiling
					rounds.n.Store(0)
					if result := h.answer(h.prepare(t.Context(), a)); result != no {
						t.Errorf("%s: got %+v", name, result)
					}
					if got := rounds.n.Load(); got != want {
						t.Fatalf("%s: hash %d, configured %d, ceiling %d: %d rounds, want %d", name, cost, configured, ceiling, got, want)
					}
				}
				rounds.n.Store(0)
				result := h.answer(h.prepare(t.Context(), Attempt{Stored: ours, Typed: right, Ceiling: ceiling}))
				if got := rounds.n.Load(); !result.Match || got != 1<<cost {
					t.Fatalf("right: %+v after %d rounds, want %d", result, got, 1<<cost)
				}
			}
		}
	}
}

// A caller that breaks its word makes one user stand out, but not why that user may not sign in.
func TestAHashAboveItsCeilingCostsItsOwn(t *testing.T) {
	t.Parallel()
	h := newHasher(t, config(4, one))
	stored := "$2a$10$" + salt + digest
	rounds := countRounds(h, stored)
	for name, a := range map[string]Attempt{
		"right":        {Stored: stored, Typed: "right"},
		"wrong":        {Stored: "$2y$10$" + salt + digest, Typed: "wrong"},
		"refused":      {Stored: stored, Typed: "right", Refuse: true},
		"not text":     {Stored: stored, Typed: "\xff"},
		"pepper three": {Stored: "$authd$p=3" + stored, Typed: "right"},
	} {
		rounds.n.Store(0)
		a.Ceiling = 6
		got := h.answer(h.prepare(t.Context(), a))
		if n := rounds.n.Load(); n != 1<<10 || got.Match != (name == "right") {
			t.Errorf("%s: %+v after %d rounds, want %d", name, got, n, 1<<10)
		}
	}
}

// An error would tell a corrupt hash from a wrong password, and a panic would end the process (E11).
func TestACorruptHashIsAWrongPassword(t *testing.T) {
	t.Parallel()
	h := run(t, newHasher(t, config(4, one)))
	for name, stored := range corrupt {
		if got, err := h.Verify(t.Context(), Attempt{Stored: stored, Typed: "correct horse"}); got != no || err != nil {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

// What bcrypt refuses to parse it does not compute: a decoy must be a hash to it.
func TestADecoyIsAHashThatNobodyHas(t *testing.T) {
	t.Parallel()
	h := newHasher(t, config(4, one))
	for cost := bcrypt.MinCost; cost <= MaxCost; cost++ {
		decoy := h.decoyOf(cost)
		if parsed, ok := parseHash(decoy.String()); !ok || parsed != decoy {
			t.Errorf("cost %d: %q is read as %+v", cost, decoy, parsed)
		}
	}
	err := bcrypt.CompareHashAndPassword([]byte(h.decoyOf(4).bcrypt), []byte("password"))
	if !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		t.Errorf("compare: %v", err)
	}
	if other := newHasher(t, config(4, one)); other.decoy == h.decoy {
		t.Error("two processes have the same decoy")
	}
}

// Even a decoy that matches by a miracle is nobody's.
func TestADecoyNeverMatches(t *testing.T) {
	t.Parallel()
	h := newHasher(t, config(4, one))
	h.compare = func(_, _ []byte) error { return nil }
	for _, a := range []Attempt{{}, {Stored: "$2a$04$" + salt + digest, Refuse: true}, {Stored: "$2a$04$" + salt + digest, Typed: "\xff"}} {
		if got := h.answer(h.prepare(t.Context(), a)); got != no {
			t.Errorf("%+v: got %+v", a, got)
		}
	}
}

// A fault of ours must be neither a wrong password, which would be counted, nor quicker than one.
func TestAMissingPepperIsAFaultAfterFullWork(t *testing.T) {
	t.Parallel()
	h := newHasher(t, config(6, keyring{current: 2, loaded: []uint32{2}}))
	stored := "$authd$p=1$2a$04$" + salt + digest
	rounds := countRounds(h, stored[len("$authd$p=1"):])
	run(t, h)
	got, err := h.Verify(t.Context(), Attempt{Stored: stored, Typed: "correct horse", Ceiling: 7})
	if got != no || !errors.Is(err, ErrNoPepper) || !strings.Contains(err.Error(), "version 1") {
		t.Errorf("got %+v, %v", got, err)
	}
	if n := rounds.n.Load(); n != 1<<7 {
		t.Errorf("%d rounds, want %d", n, 1<<7)
	}
	if got := verify(t, h, Attempt{Stored: stored, Typed: "correct horse", Refuse: true}); got != no {
		t.Errorf("refused: got %+v", got)
	}
}

// Equal work must be equal queueing too: the decoys of one login are not put behind the next.
func TestALoginIsOneTurnOfOneWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, config(4, one))
		var inputs []string // written by the one worker
		h.compare = func(_, password []byte) error {
			inputs = append(inputs, string(password))
			time.Sleep(time.Second)
			return bcrypt.ErrMismatchedHashAndPassword
		}
		go func() { _ = h.Run(t.Context()) }()
		var both sync.WaitGroup
		for _, typed := range []string{"first", "second"} {
			both.Go(func() {
				a := Attempt{Stored: "$2a$04$" + salt + digest, Typed: typed, Ceiling: 6}
				if got, err := h.Verify(t.Context(), a); got != no || err != nil {
					t.Errorf("%s: got %+v, %v", typed, got, err)
				}
			})
			synctest.Wait()
		}
		both.Wait()
		want := []string{"first", "first", "first", "second", "second", "second"}
		if !slices.Equal(inputs, want) {
			t.Errorf("compared %q, want %q", inputs, want)
		}
	})
}

// Who hangs up after the yes would have come has still made a guess, and the guess is answered.
func TestHangingUpDoesNotHideAFailure(t *testing.T) {
	t.Parallel()
	h := newHasher(t, config(4, one))
	ctx, hangUp := context.WithCancel(t.Context())
	h.compare = func(_, _ []byte) error {
		hangUp()
		return bcrypt.ErrMismatchedHashAndPassword
	}
	got, err := run(t, h).Verify(ctx, Attempt{Stored: "$2a$04$" + salt + digest, Typed: "guess"})
	if got != no || err != nil {
		t.Errorf("got %+v, %v; want a no that can be counted", got, err)
	}
}
