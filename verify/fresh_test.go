package verify

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/verify/internal/fake"
	"github.com/authd/authd/verify/internal/feed"
)

func TestOnlyNewsRenews(t *testing.T) {
	t.Parallel()
	sent := time.Now()
	page := func(asOf, now int64) *feed.Page { return &feed.Page{AsOf: asOf, Now: now} }
	for claim, c := range map[string]struct {
		second *feed.Page
		after  time.Duration // of its request, after the first one's
		want   time.Duration // what is complete then, against the first one's request
	}{
		"a newer page":                         {page(8_000, 9_000), 5 * time.Second, 4 * time.Second},
		"an as_of that stands still":           {page(1_000, 9_000), 5 * time.Second, -time.Second},
		"an as_of that went back":              {page(999, 9_000), 5 * time.Second, -time.Second},
		"an as_of after its now":               {page(9_001, 9_000), 5 * time.Second, -time.Second},
		"an as_of that is now":                 {page(9_000, 9_000), 5 * time.Second, 5 * time.Second},
		"a newer page that was long under way": {page(3_000, 9_000), 4 * time.Second, -time.Second},
	} {
		var f freshness
		f.renew(page(1_000, 2_000), sent)
		f.renew(c.second, sent.Add(c.after))
		if got := f.at.Load().complete.Sub(sent); got != c.want {
			t.Errorf("%s: complete up to %v, want %v", claim, got, c.want)
		}
	}
}

func TestAMachineThatSleptIsFoundOutByItsWallClock(t *testing.T) {
	t.Parallel()
	for claim, c := range map[string]struct{ monotonic, wall, want time.Duration }{
		"awake":                   {10 * time.Second, 10 * time.Second, 10 * time.Second},
		"asleep for an hour":      {10 * time.Second, time.Hour, 58 * time.Minute},
		"its clock was set right": {10 * time.Second, 2 * time.Minute, 10 * time.Second},
		"its clock was set back":  {10 * time.Second, -time.Hour, 10 * time.Second},
	} {
		if got := elapsed(c.monotonic, c.wall); got != c.want {
			t.Errorf("%s: got %v, want %v", claim, got, c.want)
		}
	}
}

// A kill is let go when both clocks are past its until. If this machine's clock is then set back, the
// token is young again, and nothing is left to say that it is dead.
func TestATokenDoesNotOutliveItsKillWhenTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		authd := fake.New()
		v, err := New(Config{Issuer: fake.Issuer, Audience: fake.Audience, HTTPClient: fake.Client(authd)})
		if err != nil {
			t.Fatal(err)
		}
		go v.Run(t.Context())
		if err := v.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		raw := authd.Token(nil)
		if _, err := v.Token(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
		known := *v.c.fresh.at.Load()
		known.now = time.Now().Unix() + 300 + 60
		v.c.fresh.at.Store(&known)
		if _, err := v.Token(t.Context(), raw); !errors.Is(err, ErrExpired) {
			t.Errorf("got %v, want ErrExpired", err)
		}
		known.now--
		v.c.fresh.at.Store(&known)
		if _, err := v.Token(t.Context(), raw); err != nil {
			t.Errorf("a second before: got %v", err)
		}
	})
}
