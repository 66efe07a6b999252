package revocation

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// D2, D13: who cannot read the keyring anew may sign by a key that is retired, or killed, so it signs
// nothing after a while. What was revoked is known all the same, and so tokens are judged.
func TestAKeyringThatCannotBeReadAgainIsTooOldToSignByAndNotToJudgeBy(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		var broken atomic.Bool
		f := runs(t, s, func(c *Config) {
			c.Keyring = func(context.Context, string, int64) error {
				if broken.Load() {
					return errors.New("sealed under another master key")
				}
				return nil
			}
		})
		wantStale := func(when string, want bool) {
			t.Helper()
			synctest.Wait()
			if f.Stale() != want || f.KeyringStale() != want {
				t.Errorf("%s: stale %t, the keyring %t, want %t", when, f.Stale(), f.KeyringStale(), want)
			}
			f.wants(t, Token{Sid: "a"}, Alive)
			f.wants(t, Token{Sid: "dead"}, Dead)
		}
		s.commit(1, killed("dead"))
		polls()
		time.Sleep(time.Hour)
		wantStale("an hour without a change", false)

		broken.Store(true)
		s.change(func() { s.head.KeyringVersion++ })
		polls()
		time.Sleep(MaxStaleness - time.Second)
		wantStale("not read for less than 30 s", false)
		time.Sleep(2 * time.Second)
		wantStale("not read for more than 30 s", true)
		if age := f.Stats().Keyring; age < MaxStaleness || age > MaxStaleness+2*time.Second {
			t.Errorf("the keyring is said to be %v behind", age)
		}

		broken.Store(false)
		time.Sleep(2 * time.Second)
		wantStale("read again", false)
	})
}

// A hook that hangs is no better than one that fails.
func TestAKeyringThatIsReadForEverIsTooOldToSignBy(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		hangs := false
		f := runs(t, s, func(c *Config) {
			c.Keyring = func(ctx context.Context, _ string, _ int64) error {
				if hangs {
					<-ctx.Done()
				}
				return ctx.Err()
			}
		})
		polls()
		hangs = true
		s.change(func() { s.head.KeyringVersion++ })
		time.Sleep(MaxStaleness + time.Second)
		synctest.Wait()
		if !f.Stale() {
			t.Error("an instance signs by a keyring that it could not read for 31 s")
		}
	})
}

// The time in which the keyring was not known to be the store's counts from the last poll that found it
// so, not from the first that did not: changes follow each other faster than the keyring is read.
func TestAKeyringThatIsAlwaysOneChangeBehindIsTooOldToSignBy(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		f := runs(t, s, func(c *Config) {
			c.Keyring = func(context.Context, string, int64) error {
				s.change(func() { s.head.KeyringVersion++ })
				return nil
			}
		})
		s.change(func() { s.head.KeyringVersion++ })
		time.Sleep(MaxStaleness + time.Second)
		synctest.Wait()
		if !f.Stale() {
			t.Error("an instance signs by a keyring that was never the store's for 31 s")
		}
	})
}
