package tokens_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

// kids are those of the published keys.
func kids(t *testing.T, k *tokens.Keyring) (list []string) {
	t.Helper()
	body, _ := k.JWKS()
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatal(err)
	}
	for _, key := range set.Keys {
		list = append(list, key.Kid)
	}
	return list
}

// C27, as far as it is the keyring's.
func TestAfterARestoreNoKeyOfBeforeSignsOrIsPublished(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		store := open(t)
		k, err := openKeyring(t, store, masterKey(1))
		if err != nil {
			t.Fatal(err)
		}
		other, err := openKeyring(t, open(t), masterKey(1)) // an instance that nobody stopped
		if err != nil {
			t.Fatal(err)
		}
		old := kids(t, k)
		before, err := store.LoadKeyring(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // who was not told of a success does it again
			done, err := k.Restore(t.Context(), tokens.Origin{Actor: audit.CLI})
			if err != nil || done.Keys != 2 {
				t.Fatalf("got %+v, %v, want two keys killed", done, err)
			}
		}
		after, err := store.LoadKeyring(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if after.FeedID == before.FeedID || len(after.FeedID) != len(before.FeedID) {
			t.Errorf("the feed was %s and is %s", before.FeedID, after.FeedID)
		}
		if err := other.Renew(t.Context(), after.FeedID, after.Version); err != nil {
			t.Fatal(err)
		}
		for name, ring := range map[string]*tokens.Keyring{"the command's": k, "another instance's": other} {
			now := kids(t, ring)
			if len(now) != 2 || len(distinct(append(now, old...))) != 4 {
				t.Errorf("%s keys were %v and are %v", name, old, now)
			}
		}
		infos, err := k.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		states := map[tokens.KeyState]int{}
		for _, info := range infos {
			states[info.State]++
			if info.State == tokens.KeyActive && info.SignsFrom.After(after.Clock) {
				t.Errorf("%s signs from %v, after %v", info.KID, info.SignsFrom, after.Clock)
			}
		}
		if states[tokens.KeyActive] != 1 || states[tokens.KeyNext] != 1 || states[tokens.KeyKilled] != 4 {
			t.Errorf("the keys are %v", states)
		}
	})
}

// anHourLater is a store whose first boot is an hour ago.
type anHourLater struct{ everystore.Store }

func (s anHourLater) LoadKeyring(ctx context.Context) (tokens.KeyringRows, error) {
	rows, err := s.Store.LoadKeyring(ctx)
	rows.Clock = rows.Clock.Add(time.Hour)
	return rows, err
}

// D9: at three in the morning one wants to know which key it is that is missing.
func TestSecretsAreListedWithWhatSealsThemAndWithoutOpeningAny(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		store := anHourLater{open(t)}
		if _, err := openKeyring(t, store.Store, masterKey(1)); err != nil { // the first boot
			t.Fatal(err)
		}
		k, err := openKeyring(t, store, masterKey(1))
		if err != nil {
			t.Fatal(err)
		}
		version, from, err := k.RotateSecret(t.Context(), "refresh", tokens.Origin{})
		if err != nil || version != 2 {
			t.Fatalf("got version %d, %v", version, err)
		}
		for _, c := range []struct {
			masters [][]byte
			want    int
		}{{[][]byte{masterKey(1)}, 1}, {[][]byte{masterKey(2), masterKey(1)}, 2}, {[][]byte{masterKey(2)}, 0}} {
			list, err := tokens.ListSecrets(t.Context(), store, c.masters)
			if err != nil {
				t.Fatal(err)
			}
			used := map[string]time.Time{}
			for _, s := range list {
				if s.MasterKey != c.want || s.CreatedAt.IsZero() {
					t.Errorf("%+v, want master key %d", s, c.want)
				}
				used[s.Name] = s.UsedFrom
			}
			if len(used) != 5 || !used["refresh.2"].Equal(from) || used["refresh.1"].IsZero() || !used["refresh.1"].Before(from) || used["pepper.1"].IsZero() {
				t.Errorf("the secrets are used from %v, want refresh.2 from %v", used, from)
			}
		}
		if _, err := tokens.ListSecrets(t.Context(), store, nil); err == nil {
			t.Error("without a master key there was no error")
		}
	})
}

// heard keeps what is recorded.
type heard []audit.Event

func (h *heard) sink(_ context.Context, e audit.Event) { *h = append(*h, e) }

func TestARestoreIsTold(t *testing.T) {
	t.Parallel()
	store := everystore.OnSQLite(t)(t)
	var events heard
	k, err := tokens.OpenKeyring(t.Context(), tokens.KeyringConfig{Store: store, MasterKeys: [][]byte{masterKey(1)},
		AccessTTL: accessTTL, JWKSMaxAge: time.Minute, Alg: tokens.ES256, Random: rand.Reader, Now: time.Now, Record: events.sink})
	if err != nil {
		t.Fatal(err)
	}
	events = nil
	if _, err := k.Restore(t.Context(), tokens.Origin{Actor: audit.CLI}); err != nil {
		t.Fatal(err)
	}
	names := map[audit.Name]int{}
	for _, e := range events {
		names[e.Name]++
		if e.Actor != audit.CLI || e.Subject == "" || e.At.IsZero() {
			t.Errorf("got %+v", e)
		}
	}
	if names[audit.StoreRestored] != 1 || names[audit.KeyKilled] != 2 || names[audit.KeyMade] != 2 || names[audit.KeyStarted] != 1 {
		t.Errorf("got %v", names)
	}
}
