package tokens_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

// ringed is an instance with its keyring at hand.
type ringed struct {
	*instance
	ring *tokens.Keyring
	name string
}

// ringed starts an instance whose keyring goes by the time of the test.
func (w *world) ringed(change ...func(*tokens.KeyringConfig)) ringed {
	w.t.Helper()
	r := ringed{name: rand.Text()}
	r.instance = w.start(func(c *tokens.Config) {
		config := tokens.KeyringConfig{
			Store: &laterStore{Store: w.open(w.t), later: &w.later}, MasterKeys: [][]byte{masterKey(0)},
			AccessTTL: accessTTL, JWKSMaxAge: 5 * time.Minute, Rotation: 720 * time.Hour, Alg: tokens.EdDSA, Random: rand.Reader,
			Now: func() time.Time { return time.Now().Add(time.Duration(w.later.Load())) },
		}
		for _, alter := range change {
			alter(&config)
		}
		ring, err := tokens.OpenKeyring(w.t.Context(), config)
		if err != nil {
			w.t.Fatal(err)
		}
		r.ring, c.Keyring = ring, ring
	})
	return r
}

// renew reads the keyring again, as the follower of the feed has it done.
func (r ringed) renew() {
	r.t.Helper()
	head, err := r.store.RaiseHead(r.t.Context(), "", 0, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.ring.Renew(r.t.Context(), head.FeedID, head.KeyringVersion); err != nil {
		r.t.Fatal(err)
	}
}

// turn is one turn of the keyring's loop.
func (r ringed) turn() {
	r.t.Helper()
	if err := r.ring.Turn(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// inState returns the kids of a state, by slot.
func (r ringed) inState(state tokens.KeyState) (kids []string) {
	r.t.Helper()
	infos, err := r.ring.Keys(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, info := range infos {
		if info.State == state {
			kids = append(kids, info.KID)
		}
	}
	return kids
}

// signer reads which key signed a token.
func signer(t *testing.T, token string) string {
	t.Helper()
	first, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		t.Fatal(err)
	}
	var header struct{ Kid string }
	if err := json.Unmarshal(text, &header); err != nil {
		t.Fatal(err)
	}
	return header.Kid
}

func TestD4InstancesThatTurnTheKeysAtOnceTurnThemOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		first, second := w.ringed(), w.ringed()
		infos := together(8, func(n int) tokens.KeyInfo {
			ring := []*tokens.Keyring{first.ring, second.ring}[n%2]
			for {
				info, err := ring.Rotate(t.Context(), home)
				if auth.KindOf(err) == auth.Unavailable {
					continue // lost its swaps to the others
				}
				if err != nil {
					t.Error(err)
				}
				return info
			}
		})
		for _, info := range infos {
			if info != infos[0] {
				t.Errorf("turns at once: %+v and %+v", info, infos[0])
			}
		}
		if got := first.inState(tokens.KeyNext); len(got) != 2 {
			t.Errorf("%d keys wait, want the next one and one spare", len(got))
		}
		if lead := infos[0].SignsFrom.Sub(infos[0].CreatedAt); lead < 10*time.Minute+30*time.Second {
			t.Errorf("the next key signs %v after it was made", lead)
		}
		if got := second.inState(tokens.KeyNext); len(got) != 2 || len(second.inState(tokens.KeyActive)) != 1 {
			t.Errorf("another instance sees %v waiting", got)
		}
	})
}

// D1, D2, D7, D13: the life of a key from end to end, as two instances see it, of which one does nothing.
func TestAKeySignsFromItsTurnOnAndIsPublishedUntilItsLastTokenIsDead(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		acting, other := w.ringed(), w.ringed()
		old := acting.inState(tokens.KeyActive)[0]

		w.pass(720*time.Hour - 40*time.Second)
		acting.turn()
		if got := acting.inState(tokens.KeyNext); len(got) != 1 {
			t.Fatalf("40 s before its turn %d keys wait, want the spare, whose turn is not settled", len(got))
		}
		w.pass(10 * time.Second)
		acting.turn()
		other.renew()
		next := acting.inState(tokens.KeyNext)[0]
		for _, i := range []ringed{acting, other} {
			if kid := signer(t, i.login("before "+i.name).AccessToken); kid != old {
				t.Errorf("key %s signs before its turn, want %s", kid, old)
			}
		}
		w.pass(35 * time.Second)
		for _, i := range []ringed{acting, other} {
			if kid := signer(t, i.login("after "+i.name).AccessToken); kid != next {
				t.Errorf("key %s signs after the turn of %s", kid, next)
			}
		}
		w.pass(accessTTL + 2*time.Minute - 10*time.Second)
		acting.turn()
		if got := kids(t, acting.ring); !slices.Contains(got, old) {
			t.Error("a retired key has left the key set while a token of it may live")
		}
		w.pass(15 * time.Second)
		acting.turn()
		other.renew()
		for _, i := range []ringed{acting, other} {
			if got := kids(t, i.ring); slices.Contains(got, old) || len(got) != 2 {
				t.Errorf("published are %v, want two keys without %s", got, old)
			}
		}
		if got := acting.inState(tokens.KeyGone); !slices.Equal(got, []string{old}) {
			t.Errorf("tombstones are %v, want %s", got, old)
		}
		rows, err := acting.store.LoadKeyring(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(rows.Secrets, func(s tokens.SealedSecret) bool { return s.Name == "signing."+old }) {
			t.Error("the private half of a key that is gone is stored still")
		}
	})
}

func TestD5AKilledKeySignsNothingAndNobodyIsSignedOut(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		acting, other := w.ringed(), w.ringed()
		active := acting.inState(tokens.KeyActive)[0]
		spare := acting.inState(tokens.KeyNext)[0]
		pair := other.login("ann")
		other.alive(pair.AccessToken)

		if err := acting.ring.Kill(t.Context(), active, home); err != nil {
			t.Fatal(err)
		}
		other.dead(pair.AccessToken) // by the feed, before the keyring is read again
		other.renew()
		other.dead(pair.AccessToken)
		for _, i := range []ringed{acting, other} {
			if got := kids(t, i.ring); slices.Contains(got, active) || len(got) < 2 {
				t.Errorf("published are %v after %s was killed", got, active)
			}
			pair = i.refresh(pair.RefreshToken)
			i.alive(pair.AccessToken)
			if kid := signer(t, pair.AccessToken); kid != spare {
				t.Errorf("key %s signs, want the spare %s", kid, spare)
			}
		}
		entries, _, err := acting.store.Kills(t.Context(), []revocation.Key{revocation.KillKey(active).Key})
		if err != nil || len(entries) != 1 {
			t.Errorf("the feed has %d entries of the key, error %v", len(entries), err)
		}
		if err := other.ring.Kill(t.Context(), active, home); err != nil {
			t.Errorf("killed twice: %v", err)
		}
		if err := other.ring.Kill(t.Context(), "nobody", home); !errors.Is(err, tokens.ErrKeyNotFound) {
			t.Errorf("an unknown key: %v", err)
		}
		for range 4 { // one after the other, and there is always one that signs
			if err := acting.ring.Kill(t.Context(), acting.inState(tokens.KeyActive)[0], home); err != nil {
				t.Fatal(err)
			}
			if got := kids(t, acting.ring); len(got) != 2 {
				t.Errorf("published are %v", got)
			}
		}
		other.renew()
		pair = other.refresh(pair.RefreshToken)
		other.alive(pair.AccessToken)
	})
}

// D8: whoever has all that is stored, and no master key, has nothing.
func TestD8ADumpHoldsNoSecret(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		store := open(t)
		ring, err := openKeyring(t, store, masterKey(1))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"refresh", "pepper"} {
			if _, _, err := ring.RotateSecret(t.Context(), name, home); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := store.LoadKeyring(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		dump := everystore.Dump(t, store)
		found := func(secret []byte) (places int) {
			const window = 12
			for at := range len(secret) - window {
				part := secret[at : at+window]
				for _, form := range [][]byte{part, []byte(hex.EncodeToString(part)), []byte(base64.RawURLEncoding.EncodeToString(part))} {
					places += bytes.Count(dump, form)
				}
			}
			return places
		}
		for _, row := range rows.Secrets {
			if found(row.Sealed) == 0 {
				t.Fatalf("the dump does not even hold what is sealed as %s", row.Name)
			}
			secret, err := ring.Reveal(row)
			if err != nil {
				t.Fatal(err)
			}
			// Of PKCS #8 the private number; what stands beside it is public, or the same in every key.
			if strings.HasPrefix(row.Name, "signing.") {
				secret = privateNumber(t, secret)
			}
			if n := found(secret); n > 0 {
				t.Errorf("the dump holds %s in clear, in %d places", row.Name, n)
			}
		}
	})
}

// D9: another master key takes over while instances run that do not have it.
func TestD9AMasterKeyIsReplacedWhileInstancesRun(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		running := w.ringed()
		pair := running.login("ann")
		next, err := openKeyring(t, w.open(t), masterKey(2), masterKey(0))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{4, 0} {
			if moved, err := next.Rewrap(t.Context(), home); err != nil || moved != want {
				t.Errorf("moved %d, error %v, want %d", moved, err, want)
			}
		}
		running.renew()
		pair = running.refresh(pair.RefreshToken)
		running.alive(pair.AccessToken)

		if _, err := openKeyring(t, w.open(t), masterKey(0)); !errors.Is(err, tokens.ErrMasterKey) {
			t.Errorf("a start with the old key: %v, want %v", err, tokens.ErrMasterKey)
		}
		// What it would add, the others could not read.
		if _, err := running.ring.Rotate(t.Context(), home); !errors.Is(err, tokens.ErrMasterKey) {
			t.Errorf("a turn by who has the old key alone: %v, want %v", err, tokens.ErrMasterKey)
		}
		only, err := openKeyring(t, w.open(t), masterKey(2))
		if err != nil {
			t.Fatalf("a start with the new key alone: %v", err)
		}
		if _, err := only.Rotate(t.Context(), home); err != nil {
			t.Error(err)
		}
		if body, _ := only.JWKS(); !strings.Contains(string(body), signer(t, pair.AccessToken)) {
			t.Error("the key of a token that lives is not published any more")
		}
	})
}

// B26: a retry, and a token, meet an instance that has not read the newest version of the secret.
func TestB26TokensOfAVersionThatIsNewAreGoodAtInstancesThatHaveNotReadIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		acting, behind := w.ringed(), w.ringed()
		pair := acting.login("ann")
		version, usedFrom, err := acting.ring.RotateSecret(t.Context(), "refresh", home)
		if err != nil || version != 2 {
			t.Fatalf("version %d, error %v", version, err)
		}
		if again, at, err := behind.ring.RotateSecret(t.Context(), "refresh", home); err != nil || again != 2 || !at.Equal(usedFrom) {
			t.Errorf("asked again: version %d at %v, error %v, want the same", again, at, err)
		}
		if _, _, err := acting.ring.RotateSecret(t.Context(), "signing", home); !errors.Is(err, tokens.ErrSecretUnknown) {
			t.Errorf("a secret without versions: %v", err)
		}
		late := w.ringed(func(c *tokens.KeyringConfig) { c.Store = &lagging{KeyringStore: c.Store} })
		w.pass(31 * time.Second)
		next := acting.refresh(pair.RefreshToken)
		if again := late.refresh(pair.RefreshToken); again.RefreshToken != next.RefreshToken {
			t.Error("a retry at another instance got another successor")
		}
		w.pass(time.Minute)
		late.refresh(next.RefreshToken)
	})
}

// lagging is a store whose first reading does not show the second version of a secret.
type lagging struct {
	tokens.KeyringStore
	read bool
}

func (s *lagging) LoadKeyring(ctx context.Context) (tokens.KeyringRows, error) {
	rows, err := s.KeyringStore.LoadKeyring(ctx)
	if !s.read {
		rows.Secrets = slices.DeleteFunc(rows.Secrets, func(s tokens.SealedSecret) bool { return strings.HasSuffix(s.Name, ".2") })
	}
	s.read = true
	return rows, err
}

func TestALoginWhoseHashNamesAPepperThatIsNewIsNotTurnedAway(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		acting := w.ringed()
		if _, _, err := acting.ring.RotateSecret(t.Context(), "pepper", home); err != nil {
			t.Fatal(err)
		}
		late := w.ringed(func(c *tokens.KeyringConfig) { c.Store = &lagging{KeyringStore: c.Store} })
		want, _ := acting.ring.PepperVersion(t.Context(), 2)
		if got, known := late.ring.PepperVersion(t.Context(), 2); !known || !bytes.Equal(got, want) {
			t.Error("a pepper that is stored was not found")
		}
		if _, known := late.ring.PepperVersion(t.Context(), 3); known {
			t.Error("a pepper that is not stored was found")
		}
		if version, _ := acting.ring.Pepper(); version != 1 {
			t.Errorf("version %d is used at once", version)
		}
		w.pass(31 * time.Second)
		if version, _ := acting.ring.Pepper(); version != 2 {
			t.Errorf("version %d is used after 31 s, want the new one", version)
		}
	})
}

func TestOldVersionsStayAsLongAsASessionOrAHashNeedsThem(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		named := true
		i := w.ringed(func(c *tokens.KeyringConfig) {
			c.PepperNamed = func(_ context.Context, version uint32) (bool, error) { return named && version == 1, nil }
		})
		pair := i.login("ann")
		for _, name := range []string{"refresh", "pepper"} {
			if _, _, err := i.ring.RotateSecret(t.Context(), name, home); err != nil {
				t.Fatal(err)
			}
		}
		want := func(when string, names ...string) {
			t.Helper()
			if err := i.ring.DropOldVersions(t.Context()); err != nil {
				t.Fatal(err)
			}
			rows, err := i.store.LoadKeyring(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, secret := range rows.Secrets {
				if !strings.HasPrefix(secret.Name, "signing.") {
					got = append(got, secret.Name)
				}
			}
			if !slices.Equal(got, names) {
				t.Errorf("%s: got %v, want %v", when, got, names)
			}
		}
		want("at once", "pepper.1", "pepper.2", "refresh.1", "refresh.2")
		w.pass(time.Hour)
		pair = i.refresh(pair.RefreshToken) // to the new version: an old token may be shown all the same
		want("while a session of its time is stored, and a hash names it", "pepper.1", "pepper.2", "refresh.1", "refresh.2")
		named = false
		want("when no hash names it", "pepper.2", "refresh.1", "refresh.2")
		if n, err := i.store.CollectSessions(t.Context(), time.Now().Add(10_000*time.Hour), 10); err != nil || n != 1 {
			t.Fatalf("collected %d, error %v", n, err)
		}
		want("when the session was collected", "pepper.2", "refresh.2")
		i.refused(pair.RefreshToken, tokens.ErrRefreshTokenInvalid)
		i.login("ben")
	})
}

// privateNumber is the secret inside a PKCS #8 key.
func privateNumber(t *testing.T, der []byte) []byte {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	number, err := key.(*ecdsa.PrivateKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// A command knows none of the servers' settings, and what it makes is to be no surprise to them.
func TestAKeyringThatIsToldNoAlgorithmMakesKeysLikeTheNewest(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		server := w.ringed(func(c *tokens.KeyringConfig) { c.Alg = tokens.EdDSA })
		command := w.ringed(func(c *tokens.KeyringConfig) { c.Alg = "" })
		for _, by := range []ringed{server, command, command} {
			if err := by.ring.Kill(t.Context(), by.inState(tokens.KeyActive)[0], home); err != nil {
				t.Fatal(err)
			}
		}
		keys, err := command.ring.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys[2:] { // two were there
			if key.Alg != string(tokens.EdDSA) {
				t.Errorf("key %d signs with %s", key.Slot, key.Alg)
			}
		}
		if len(keys) != 5 {
			t.Errorf("%d keys, want 5", len(keys))
		}
	})
}
