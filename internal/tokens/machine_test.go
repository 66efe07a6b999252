package tokens

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

func TestAMachinesTokenSaysWhoItIsAndWhatItMay(t *testing.T) {
	t.Parallel()
	s := signs(t)
	for _, test := range []struct {
		machine  Machine
		audience []string
		scope    string
	}{
		{Machine{ProvenAt: noon, ID: auth.ClientID{1}, Epoch: 7, Scopes: []string{"read", "write"}, Audience: []string{"https://a.test", "https://b.test"}},
			[]string{"https://a.test", "https://b.test"}, "read write"},
		{Machine{ProvenAt: noon, ID: auth.ClientID{1}, Epoch: 7}, s.audience, ""},
	} {
		token, lifetime, err := s.MintForClient(t.Context(), test.machine)
		if err != nil || lifetime != s.policy.AccessTTL {
			t.Fatalf("got %v, %v", lifetime, err)
		}
		got, ok := s.openAccess(token)
		want := claims{Issuer: s.issuer, Subject: test.machine.ID.String(), Audience: test.audience, Expiry: noon.Add(lifetime).Unix(),
			IssuedAt: noon.Unix(), ID: got.ID, Client: test.machine.ID.String(), Epoch: 7, Scope: test.scope}
		if diff := cmp.Diff(want, got.claims); !ok || diff != "" || len(got.ID) != 16 {
			t.Errorf("%t (-want +got):\n%s", ok, diff)
		}
	}
}

func TestAMachinesTokenOfAnOlderEpochIsBornDead(t *testing.T) { // B20, of a client
	t.Parallel()
	s := signs(t)
	s.live = follows(t, noon, revocation.KillBelow(auth.UserID{1}, 8))
	for epoch, want := range map[auth.Epoch]error{7: ErrTokenInvalid, 8: nil} {
		token, _, err := s.MintForClient(t.Context(), Machine{ProvenAt: noon, ID: auth.ClientID{1}, Epoch: epoch})
		if err != nil {
			t.Fatal(err)
		}
		opened, ok := s.openAccess(token)
		if got := s.checkAccess(&opened, noon.Add(time.Second)); !ok || !errors.Is(got, want) {
			t.Errorf("epoch %d: got %t, %v, want %v", epoch, ok, got, want)
		}
	}
}

func TestWithoutNewsNoMachineGetsAToken(t *testing.T) {
	t.Parallel()
	s := signs(t)
	s.live = unread{}
	if token, _, err := s.MintForClient(t.Context(), Machine{ProvenAt: noon, ID: auth.ClientID{1}}); auth.KindOf(err) != auth.Unavailable || token != "" {
		t.Errorf("got %q, %v", token, err)
	}
}

// B20: a kill is kept for as long as a token may live that was allowed before it. A process that slept
// between the proof and the signature must not sign one that lives longer.
func TestAMachinesTokenLivesFromTheProofOfItsSecret(t *testing.T) {
	t.Parallel()
	s := signs(t)
	s.live = follows(t, noon.Add(3*time.Minute))
	proven := noon
	token, _, err := s.MintForClient(t.Context(), Machine{ID: auth.ClientID{1}, ProvenAt: proven})
	if err != nil {
		t.Fatal(err)
	}
	got, ok := s.openAccess(token)
	if want := proven.Add(s.policy.AccessTTL).Unix(); !ok || got.Expiry != want || got.IssuedAt != proven.Unix() {
		t.Errorf("%t: from %d to %d, want the end at %d", ok, got.IssuedAt, got.Expiry, want)
	}
}
