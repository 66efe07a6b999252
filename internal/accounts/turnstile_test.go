package accounts

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/authd/authd/internal/auth"
)

// overtaken is a store whose answers arrive after something else has happened.
type overtaken struct {
	CounterStore
	answer    Counter
	meanwhile func()
}

func (s overtaken) Counters(context.Context, []CounterKey, auth.UserID, netip.Prefix) ([]Counter, time.Time, time.Time, error) {
	s.meanwhile()
	return []Counter{s.answer}, time.Time{}, noon, nil
}

// Or a failure of this instance would be forgotten, and one more attempt compared than there may be.
func TestAReadingThatWasOvertakenIsNotBelieved(t *testing.T) {
	t.Parallel()
	counter := func(version int64) Counter { return Counter{Version: version, Failures: int(version)} }
	for _, test := range []struct {
		name                 string
		known, learned, read int64
		want                 int64
	}{
		{"nothing was learned meanwhile", 5, 0, 7, 7},
		{"the row is gone", 5, 0, 0, 0},
		{"what was learned is newer", 5, 8, 7, 8},
		{"what was read is newer", 5, 6, 7, 7},
	} {
		g := &gate{turnstiles: make(map[CounterKey]*turnstile)}
		at := g.hold(CounterKey{})
		at.learn(counter(test.known))
		g.store = overtaken{answer: counter(test.read), meanwhile: func() { at.learn(counter(test.learned)) }}
		if err := g.reread(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if at.counter != counter(test.want) {
			t.Errorf("%s: got %+v, want version %d", test.name, at.counter, test.want)
		}
		if g.let(at); len(g.turnstiles) > 0 {
			t.Errorf("%s: a turnstile is left over", test.name)
		}
	}
}
