package auth_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/authd/authd/internal/auth"
)

var errTaken = &auth.Error{Kind: auth.Conflict, Code: "username_taken", Public: "This name is taken."}

func TestAnErrorIsWhatItsKindAndCodeSay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"itself":                  {errTaken, true},
		"wrapped":                 {fmt.Errorf("register: %w", errTaken), true},
		"with a cause":            {errTaken.Because(context.Canceled), true},
		"with another text":       {&auth.Error{Kind: auth.Conflict, Code: "username_taken", Public: "Taken."}, true},
		"joined":                  {errors.Join(context.Canceled, errTaken), true},
		"another code":            {&auth.Error{Kind: auth.Conflict, Code: "exists"}, false},
		"another kind":            {&auth.Error{Kind: auth.Forbidden, Code: "username_taken"}, false},
		"the zero error":          {&auth.Error{}, false},
		"something else":          {context.Canceled, false},
		"a text that reads alike": {errors.New("username_taken"), false},
	} {
		if got := errors.Is(c.err, errTaken); got != c.want {
			t.Errorf("%s: errors.Is says %t, want %t", name, got, c.want)
		}
	}
}

func TestACauseIsFoundAndTheSentinelStaysAsItWas(t *testing.T) {
	t.Parallel()
	err := errTaken.Because(context.DeadlineExceeded)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error("the cause is not found")
	}
	if errTaken.Err != nil || errors.Is(errTaken, context.DeadlineExceeded) {
		t.Error("the sentinel, which everybody shares, took on the cause")
	}
	if err.Public != errTaken.Public || err.Code != errTaken.Code {
		t.Errorf("got %+v, want what the sentinel says and the cause", err)
	}
}

// What nobody thought about is Internal, and so never shown to a client.
func TestKindOfAnythingElseIsInternal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want auth.Kind
	}{
		"nil":               {nil, auth.Internal},
		"a foreign error":   {context.Canceled, auth.Internal},
		"the zero error":    {&auth.Error{}, auth.Internal},
		"ours":              {errTaken, auth.Conflict},
		"ours, wrapped":     {fmt.Errorf("a: %w", fmt.Errorf("b: %w", errTaken)), auth.Conflict},
		"ours as the cause": {fmt.Errorf("%w", auth.ErrUnavailable.Because(errTaken)), auth.Unavailable},
	} {
		if got := auth.KindOf(c.err); got != c.want {
			t.Errorf("%s: got kind %d, want %d", name, got, c.want)
		}
	}
}

func TestTheTextOfAnErrorIsForTheLog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  *auth.Error
		want string
	}{
		{errTaken, "username_taken"},
		{errTaken.Because(errors.New("unique violation")), "username_taken: unique violation"},
		{&auth.Error{Public: "No."}, "No."},
		{&auth.Error{}, "unnamed error"}, // an empty line in a log helps nobody
		{&auth.Error{Err: errors.New("disk full")}, "unnamed error: disk full"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
