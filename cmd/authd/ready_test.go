package main

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// probed is a store that is asked for its health.
type probed struct {
	store
	takes      time.Duration // each answer
	ahead      time.Duration // of the process's clock
	have, want int64
	down       error
	feed       error
	asOf       time.Duration // before its clock
}

func (s *probed) Follow(context.Context, int64, int) (revocation.Reading, error) {
	clock := time.Now().Add(s.ahead)
	return revocation.Reading{Clock: clock, Head: revocation.Head{FeedID: "feed", MaxTTL: time.Minute, AsOf: clock.Add(-s.asOf)}}, s.feed
}

func (s *probed) Vouch(context.Context, time.Time) error { return nil }

func (s *probed) CollectKills(context.Context, time.Time, int64, int) (int, error) { return 0, nil }

func (s *probed) Clock(context.Context) (time.Time, error) {
	time.Sleep(s.takes)
	return time.Now().Add(s.ahead), s.down
}

func (s *probed) Schema(context.Context) (have, want int64, err error) { return s.have, s.want, nil }

func TestReadyNamesAllThatIsMissing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what string
		on   probed
		want []*auth.Error
	}{
		{"nothing", probed{}, nil},
		{"a clock that is 5 s ahead", probed{ahead: maxSkew}, nil},
		{"a clock that is more ahead", probed{ahead: maxSkew + time.Millisecond}, []*auth.Error{errClockSkew}},
		{"a clock that is as much behind", probed{ahead: -maxSkew - time.Millisecond}, []*auth.Error{errClockSkew}},
		{"a store that is slow, whose clock is right", probed{takes: time.Minute}, nil},
		{"an older schema", probed{have: 1, want: 2}, []*auth.Error{errSchemaMismatch}},
		{"a newer schema, as in the middle of an upgrade", probed{have: 3, want: 2}, nil},
		{"both", probed{have: 1, want: 2, ahead: time.Hour}, []*auth.Error{errClockSkew, errSchemaMismatch}},
		{"a feed that was never read", probed{feed: errors.New("no such table")}, []*auth.Error{errNotRead}},
		{"a feed whose head is 30 s old", probed{asOf: 30 * time.Second}, nil},
		{"a feed whose head is older", probed{asOf: 30*time.Second + time.Millisecond}, []*auth.Error{errStaleFeed}},
		{"a store that is down", probed{down: errors.New("no route to host")}, []*auth.Error{errStoreUnreachable}},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				live, err := revocation.New(revocation.Config{Store: &test.on, Now: time.Now, MaxTTL: time.Minute})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() { _ = live.Run(ctx) }()
				synctest.Wait()
				err = (&service{store: &test.on, live: live}).ready(ctx)
				for _, known := range []*auth.Error{errClockSkew, errSchemaMismatch, errStoreUnreachable, errNotRead, errStaleFeed} {
					if got, want := errors.Is(err, known), slices.Contains(test.want, known); got != want {
						t.Errorf("%s: got %t, want %t: %v", known.Code, got, want, err)
					}
				}
				if (err == nil) != (test.want == nil) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
