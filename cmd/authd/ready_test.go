package main

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/internal/auth"
)

// probed is a store that is asked for its health.
type probed struct {
	store
	takes      time.Duration // each answer
	ahead      time.Duration // of the process's clock
	have, want int64
	down       error
}

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
		{"a newer schema", probed{have: 3, want: 2}, []*auth.Error{errSchemaMismatch}},
		{"both", probed{have: 1, want: 2, ahead: time.Hour}, []*auth.Error{errClockSkew, errSchemaMismatch}},
		{"a store that is down", probed{down: errors.New("no route to host")}, []*auth.Error{errStoreUnreachable}},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				err := (&service{store: &test.on}).ready(t.Context())
				for _, known := range []*auth.Error{errClockSkew, errSchemaMismatch, errStoreUnreachable} {
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
