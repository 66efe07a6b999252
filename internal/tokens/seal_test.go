package tokens

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
)

func master(b byte) []byte { return bytes.Repeat([]byte{b}, MasterKeyBytes) }

func mustSealer(t *testing.T, masters ...[]byte) *sealer {
	t.Helper()
	s, err := newSealer(masters)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustSeal(t *testing.T, s *sealer, name string, secret []byte) []byte {
	t.Helper()
	sealed, err := s.seal(name, secret, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestTheFirstMasterKeySealsAndAllOpen(t *testing.T) {
	t.Parallel()
	old := mustSeal(t, mustSealer(t, master(1)), "pepper.1", []byte("salt and"))
	both := mustSealer(t, master(2), master(1))
	if got, err := both.open("pepper.1", old); err != nil || string(got) != "salt and" {
		t.Errorf("got %q, %v", got, err)
	}
	fresh := mustSeal(t, both, "pepper.1", []byte("pepper"))
	if got, err := mustSealer(t, master(2)).open("pepper.1", fresh); err != nil || string(got) != "pepper" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := mustSealer(t, master(1)).open("pepper.1", fresh); !errors.Is(err, ErrMasterKey) {
		t.Errorf("got %v, want ErrMasterKey", err)
	}
}

// D8: a row's content cannot be moved under another name, or changed in one bit.
func TestASealedSecretOpensOnlyWholeAndUnderItsName(t *testing.T) {
	t.Parallel()
	s := mustSealer(t, master(1))
	sealed := mustSeal(t, s, "refresh.1", []byte("secret"))
	if bytes.Contains(sealed, []byte("secret")) {
		t.Error("the secret stands in the sealed bytes")
	}
	if _, err := s.open("refresh.2", sealed); err == nil {
		t.Error("opened under another name")
	}
	for bit := range 8 * len(sealed) {
		changed := bytes.Clone(sealed)
		changed[bit/8] ^= 1 << (bit % 8)
		if _, err := s.open("refresh.1", changed); err == nil {
			t.Fatalf("opened with bit %d changed", bit)
		}
	}
	for n := range sealed {
		if _, err := s.open("refresh.1", sealed[:n]); err == nil {
			t.Fatalf("opened with %d bytes of %d", n, len(sealed))
		}
	}
}

func TestAMasterKeyOfAnotherLengthIsRefused(t *testing.T) {
	t.Parallel()
	for _, masters := range [][][]byte{nil, {{}}, {make([]byte, 31)}, {master(1), make([]byte, 33)}} {
		if _, err := newSealer(masters); err == nil {
			t.Errorf("%d keys were taken", len(masters))
		}
	}
}
