package accounts_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

// billing makes a client.
func (h *house) billing() (accounts.Client, string) {
	h.t.Helper()
	c, secret, err := h.CreateClient(h.t.Context(), accounts.NewClient{Name: "billing", Scopes: []string{"b", "a"}, Audiences: []string{"api"}}, nowhere)
	if err != nil {
		h.t.Fatal(err)
	}
	return c, secret.Reveal()
}

// mints gives a client that proves its secret a token.
func (h *house) mints(id auth.ClientID, secret string) (string, error) {
	c, err := h.AuthenticateClient(h.t.Context(), id.String(), secret, nowhere)
	if err != nil {
		return "", err
	}
	token, _, err := h.sessions.MintForClient(h.t.Context(), tokens.Machine{ID: c.ID, Epoch: c.Epoch, ProvenAt: c.ProvenAt, Scopes: c.Scopes, Audience: c.Audiences})
	return token, err
}

// lives says what introspection says of a token.
func (h *house) lives(token string) bool {
	h.t.Helper()
	_, live, err := h.sessions.Introspect(h.t.Context(), token, nil)
	if err != nil {
		h.t.Error(err)
	}
	return live
}

func TestAClientIsWhoProvesItsSecret(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		made, secret := h.billing()
		other, othersSecret := h.billing()
		got, err := h.AuthenticateClient(t.Context(), made.ID.String(), secret, nowhere)
		if got.ProvenAt.IsZero() || got.ProvenAt.Before(made.CreatedAt) {
			t.Errorf("proven at %v", got.ProvenAt)
		}
		got.ProvenAt = time.Time{}
		if diff := cmp.Diff(got, made); err != nil || diff != "" {
			t.Errorf("%v (-got +want):\n%s", err, diff)
		}
		from := tokens.Origin{Address: netip.MustParseAddr("192.0.2.9")}
		refused := [][2]string{
			{made.ID.String(), othersSecret}, {other.ID.String(), secret}, {made.ID.String(), ""}, {made.ID.String(), secret + "A"},
			{made.ID.String(), secret[:len(secret)-1]}, {made.ID.String(), strings.TrimPrefix(secret, "acs_")},
			{made.ID.String(), "acs_" + strings.Repeat("A", 43)}, {made.ID.String(), secret[:20] + "\n" + secret[21:]},
			{strings.ToUpper(made.ID.String()), secret}, {"", secret}, {"authd", secret}, {"authd", ""}, {secret, made.ID.String()},
			{"019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee", secret}, {"019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee", "acs_" + strings.Repeat("A", 43)},
		}
		for _, pair := range refused {
			got, err := h.AuthenticateClient(t.Context(), pair[0], pair[1], from)
			if err != accounts.ErrClientInvalid || !got.ID.IsZero() {
				t.Errorf("%q with %q: got %v, %v", pair[0], pair[1], got.ID, err)
			}
		}
		if got := h.count(audit.ClientRefused); got != len(refused) {
			t.Errorf("%d refusals are recorded, want %d", got, len(refused))
		}
		// I1: neither what was typed nor what is right is in the audit.
		for _, e := range h.events {
			if e.Name == audit.ClientRefused && (e.Address != from.Address || e.Subject != "" && e.Subject != made.ID.String() && e.Subject != other.ID.String()) {
				t.Errorf("recorded: %+v", e)
			}
			if strings.Contains(fmt.Sprintf("%+v", e), secret) {
				t.Errorf("the secret is in the audit: %+v", e)
			}
		}
	})
}

// What a dump has of a secret opens nothing.
func TestOnlyAHashOfAClientsSecretIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		made, secret := h.billing()
		kept, _, found, err := h.store.ClientByID(t.Context(), made.ID)
		if err != nil || !found {
			t.Fatalf("%t, %v", found, err)
		}
		row := fmt.Sprintf("%+v %x %s", kept, kept.SecretHash, kept.SecretHash)
		if strings.Contains(row, secret) || strings.Contains(row, secret[4:]) {
			t.Errorf("the row has the secret: %s", row)
		}
	})
}

func TestB20AClientsTokensDieWithItsEpochAtEveryInstance(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		elsewhere := everystore.Follow(t, h.store)
		for name, end := range map[string]func(auth.ClientID) error{
			"revoked": func(id auth.ClientID) error { return h.RevokeClient(t.Context(), id, nowhere) },
			"deleted": func(id auth.ClientID) error { return h.DeleteClient(t.Context(), id, nowhere) },
		} {
			made, secret := h.billing()
			old, err := h.mints(made.ID, secret)
			if err != nil || !h.lives(old) {
				t.Fatalf("%s: a new token: %v", name, err)
			}
			if err := end(made.ID); err != nil {
				t.Fatal(err)
			}
			if h.lives(old) {
				t.Errorf("%s: a token of before is alive here", name)
			}
			everystore.CatchUp(t, elsewhere)
			if got := elsewhere.Check(revocation.Token{Sub: made.ID.String(), Epoch: int64(made.Epoch)}); got != revocation.Dead {
				t.Errorf("%s: a follower of the feed says %v", name, got)
			}
			token, err := h.mints(made.ID, secret)
			if name == "deleted" && err != accounts.ErrClientInvalid || name == "revoked" && (err != nil || !h.lives(token)) {
				t.Errorf("%s: the next token: %v", name, err)
			}
		}
		for _, end := range []func() error{
			func() error { return h.RevokeClient(t.Context(), auth.ClientID{1}, nowhere) },
			func() error { return h.DeleteClient(t.Context(), auth.ClientID{1}, nowhere) },
		} {
			if err := end(); !errors.Is(err, accounts.ErrClientNotFound) {
				t.Errorf("of nobody: got %v", err)
			}
		}
	})
}

// B20: whoever proved the secret before the deletion committed has a token that was born dead.
func TestB20ADeletionAmongMintsLeavesNoLiveToken(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		made, secret := h.billing()
		var mu sync.Mutex
		var minted []string
		var wg sync.WaitGroup
		started := make(chan struct{}, 4)
		for range 4 {
			wg.Go(func() {
				for n := 0; ; n++ {
					token, err := h.mints(made.ID, secret)
					if err != nil {
						if err != accounts.ErrClientInvalid {
							t.Error(err)
						}
						return
					}
					mu.Lock()
					minted = append(minted, token)
					mu.Unlock()
					if n == 0 {
						started <- struct{}{}
					}
				}
			})
		}
		<-started
		if err := h.DeleteClient(t.Context(), made.ID, nowhere); err != nil {
			t.Error(err)
		}
		wg.Wait()
		everystore.CatchUp(t, h.follower)
		for _, token := range minted {
			if h.lives(token) {
				t.Fatal("a token outlives its client")
			}
		}
	})
}

func TestNoClientsTokenOutgrowsItsReaders(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		n := accounts.NewClient{Name: "greedy"}
		for i := range 64 {
			n.Scopes = append(n.Scopes, fmt.Sprintf("%02d%s", i, strings.Repeat("s", 14)))
			n.Audiences = append(n.Audiences, fmt.Sprintf("%02d%s", i, strings.Repeat("a", 14)))
		}
		made, secret, err := h.CreateClient(t.Context(), n, nowhere)
		if err != nil {
			t.Fatal(err)
		}
		token, err := h.mints(made.ID, secret.Reveal())
		if err != nil || len(token) > 8<<10-3<<10 { // which leaves room for a longer issuer and an RSA signature
			t.Errorf("a token of %d bytes, %v", len(token), err)
		}
		n.Audiences[0] += "a"
		if _, _, err := h.CreateClient(t.Context(), n, nowhere); !errors.Is(err, accounts.ErrAudiencesInvalid) {
			t.Errorf("one byte more: got %v", err)
		}
		n.Scopes = append(n.Scopes[:63:63], "x", "y")
		if _, _, err := h.CreateClient(t.Context(), n, nowhere); !errors.Is(err, accounts.ErrScopesInvalid) {
			t.Errorf("one scope more: got %v", err)
		}
	})
}
