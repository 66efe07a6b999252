package accounts

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
)

func TestWhoCannotBeHashedForIsToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want time.Duration
	}{
		{&password.BusyError{RetryAfter: 7 * time.Second}, 7 * time.Second},
		{fmt.Errorf("wait: %w", &password.BusyError{RetryAfter: 7 * time.Second}), 7 * time.Second},
		{&password.BusyError{}, time.Second},
		{password.ErrNoPepper, time.Second},
	} {
		var e *auth.Error
		if err := unavailable(test.err); !errors.As(err, &e) || e.Kind != auth.Unavailable || e.RetryAfter != test.want || !errors.Is(err, test.err) {
			t.Errorf("%v: got %#v, want unavailable for %v", test.err, e, test.want)
		}
	}
	if err := unavailable(nil); err != nil {
		t.Errorf("nothing: got %v", err)
	}
}
