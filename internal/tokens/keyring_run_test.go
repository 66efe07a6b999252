package tokens

import (
	"context"
	"crypto/rand"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/internal/audit"
)

// countedLine counts readings of the keyring.
type countedLine struct {
	walkLine
	loads int
}

func (l *countedLine) LoadKeyring(ctx context.Context) (KeyringRows, error) {
	l.loads++
	return l.walkLine.LoadKeyring(ctx)
}

// runKeyring runs the loop in a bubble, on a store of its own.
func runKeyring(t *testing.T, rotation time.Duration, change func(*KeyringConfig)) (*countedLine, *Keyring) {
	t.Helper()
	line := &countedLine{walkLine: walkLine{store: &walkStore{clock: time.Now}}}
	config := KeyringConfig{Store: line, MasterKeys: [][]byte{master(1)}, AccessTTL: 5 * time.Minute, JWKSMaxAge: 5 * time.Minute,
		Alg: EdDSA, Rotation: rotation, Random: rand.Reader, Now: time.Now}
	change(&config)
	k, err := OpenKeyring(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() { _ = k.Run(ctx) }()
	return line, k
}

func TestKeysTurnByThemselvesAndAskNothingOfTheStoreInBetween(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seen := make(map[audit.Name]int)
		line, k := runKeyring(t, time.Hour, func(c *KeyringConfig) {
			c.Record = func(_ context.Context, e audit.Event) {
				if e.Actor != audit.System || e.Subject == "" {
					t.Errorf("recorded %+v", e)
				}
				seen[e.Name]++
			}
		})
		// Long enough for every turn, and the seconds that each is late by.
		time.Sleep(10*time.Hour + 30*time.Minute)
		synctest.Wait()
		if seen[audit.KeyStarted] != 10 || seen[audit.KeyMade] != 10 || seen[audit.KeyRetired] != 10 {
			t.Errorf("in ten hours: %v", seen)
		}
		if line.loads > 2+20*3 {
			t.Errorf("the store was read %d times in ten hours, for 20 changes", line.loads)
		}
		stats := k.Stats()
		if stats.Published != 2 || stats.ActiveAge < 29*time.Minute || stats.ActiveAge > 30*time.Minute || stats.NextIn != 0 {
			t.Errorf("got %+v", stats)
		}
	})
}

func TestAStoreThatFailsIsToldOfOnceAndTriedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []error
		line, k := runKeyring(t, time.Hour, func(c *KeyringConfig) {
			c.Failed = func(_ context.Context, err error) { told = append(told, err) }
		})
		line.cut.Store(true)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if len(told) != 1 || told[0] == nil {
			t.Errorf("told %v in an hour without a store", told)
		}
		line.cut.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(told) != 2 || told[1] != nil {
			t.Errorf("told %v", told)
		}
		if age := k.Stats().ActiveAge; age > 31*time.Second {
			t.Errorf("the active key has been signing for %v", age)
		}
	})
}
