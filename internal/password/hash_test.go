package password

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"
)

const (
	salt   = "abcdefghijklmnopqrstuu"
	digest = "ytyvD59Wdps6VypaRXRnKoDs27PHQU2"
)

func TestHashIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]hash{
		"$2a$04$" + salt + digest:                    {0, 4, "$2a$04$" + salt + digest},
		"$2b$12$" + salt + digest:                    {0, 12, "$2b$12$" + salt + digest},
		"$2y$31$" + salt + digest:                    {0, 31, "$2y$31$" + salt + digest},
		"$authd$p=1$2a$12$" + salt + digest:          {1, 12, "$2a$12$" + salt + digest},
		"$authd$p=4294967295$2a$10$" + salt + digest: {math.MaxUint32, 10, "$2a$10$" + salt + digest},
		"$authd$p=20$2a$09$./" + salt[2:] + digest:   {20, 9, "$2a$09$./" + salt[2:] + digest},
	} {
		got, ok := parseHash(stored)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(hash{})); diff != "" || !ok {
			t.Errorf("parseHash(%q): %v (-want +got):\n%s", stored, ok, diff)
		}
		if got.String() != stored {
			t.Errorf("%q is written as %q", stored, got.String())
		}
		if cost, ok := Cost(stored); cost != want.cost || !ok {
			t.Errorf("Cost(%q) = %d, %v; want %d", stored, cost, ok, want.cost)
		}
	}
}

// E11: each of these must be nobody's hash; bcrypt's own parser takes some of them.
var corrupt = map[string]string{
	"nothing":                    "",
	"a digest too short":         "$2a$12$" + salt + digest[1:],
	"a digest too long":          "$2a$12$" + salt + digest + "x",
	"a line break after it":      "$2a$12$" + salt + digest + "\n",
	"a letter out of range":      "$2a$12$" + salt + digest[1:] + "=",
	"a NUL in the salt":          "$2a$12$\x00" + salt[1:] + digest,
	"a dollar in the salt":       "$2a$12$$" + salt[1:] + digest,
	"a signed cost":              "$2a$+4$" + salt + digest,
	"a cost of one digit":        "$2a$4$" + salt + digest + "x",
	"a cost too low":             "$2a$03$" + salt + digest,
	"a cost too high":            "$2a$32$" + salt + digest,
	"a cost in letters":          "$2a$0a$" + salt + digest,
	"another version":            "$2x$12$" + salt + digest,
	"the version without letter": "$2$12$" + salt + digest + "x",
	"an old version":             "$1a$12$" + salt + digest,
	"another scheme":             "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG",
	"a tag alone":                "$authd$p=1",
	"a tag without its version":  "$authd$p=$2a$12$" + salt + digest,
	"pepper 0":                   "$authd$p=0$2a$12$" + salt + digest,
	"pepper 01":                  "$authd$p=01$2a$12$" + salt + digest,
	"pepper +1":                  "$authd$p=+1$2a$12$" + salt + digest,
	"pepper 1_0":                 "$authd$p=1_0$2a$12$" + salt + digest,
	"pepper 2^32":                "$authd$p=4294967296$2a$12$" + salt + digest,
	"a dollar too many":          "$authd$p=1$$2a$12$" + salt + digest,
	"a tag in another case":      "$Authd$p=1$2a$12$" + salt + digest,
	"a tag twice":                "$authd$p=1$authd$p=1$2a$12$" + salt + digest,
	"ours of another version":    "$authd$p=1$2b$12$" + salt + digest,
	"a blank in front":           " $2a$12$" + salt + digest,
}

func TestHashIsReadStrictly(t *testing.T) {
	t.Parallel()
	for name, stored := range corrupt {
		if h, ok := parseHash(stored); ok {
			t.Errorf("%s: parseHash(%q) = %+v", name, stored, h)
		}
		if cost, ok := Cost(stored); ok {
			t.Errorf("%s: Cost(%q) = %d", name, stored, cost)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	for _, stored := range corrupt {
		f.Add(stored)
	}
	f.Add("$2a$04$" + salt + digest)
	f.Add("$2b$12$" + salt + digest)
	f.Add("$2y$15$" + salt + digest)
	f.Add("$authd$p=1$2a$04$" + salt + digest)
	f.Add("$authd$p=2$2a$14$" + strings.Repeat(".", 53))
	f.Fuzz(func(t *testing.T, stored string) {
		h, ok := parseHash(stored)
		if !ok {
			if h != (hash{}) {
				t.Errorf("%q is refused and yet read as %+v", stored, h)
			}
			return
		}
		if h.String() != stored {
			t.Errorf("%q is read as %+v and written as %q", stored, h, h)
		}
		if cost, err := bcrypt.Cost([]byte(h.bcrypt)); err != nil || cost != h.cost {
			t.Errorf("%q: cost %d, to bcrypt %d, %v", stored, h.cost, cost, err)
		}
		if h.cost > 5 {
			return // too slow to compare
		}
		// Whatever we accept bcrypt computes: an error before its rounds would be a login for free.
		err := bcrypt.CompareHashAndPassword([]byte(h.bcrypt), []byte("password"))
		if err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
			t.Errorf("%q: compare: %v", stored, err)
		}
	})
}
