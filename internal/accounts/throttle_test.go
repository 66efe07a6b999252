package accounts

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/auth"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// after is a counter whose last failure was so long before noon.
func after(failures int, ago time.Duration) Counter {
	return Counter{Failures: failures, At: noon.Add(-ago), Version: 1}
}

func room(n int) verdict           { return verdict{room: n} }
func wait(d time.Duration) verdict { return verdict{wait: d} }
func anotherOne(c Counter) Counter { return Limits{Account: 3}.failed(c, noon) }
func pouredInto(c Counter) Counter { return Limits{Source: 60}.poured(c, noon) }

var oneClaims = verdict{room: 1, claim: true}

func TestFromTheLimitOnOneAttemptAPauseIsLetThrough(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		limit int
		c     Counter
		want  verdict
	}{
		{"nothing has failed", 10, Counter{}, room(10)},
		{"one has", 10, after(1, 0), room(9)},
		{"one is missing", 10, after(9, 0), room(1)},
		{"the tenth just now", 10, after(10, 0), wait(30 * time.Second)},
		{"the tenth a while ago", 10, after(10, 29*time.Second), wait(time.Second)},
		{"the tenth a pause ago", 10, after(10, 30*time.Second), oneClaims},
		{"the eleventh", 10, after(11, 30*time.Second), wait(30 * time.Second)},
		{"the eleventh a pause ago", 10, after(11, time.Minute), oneClaims},
		{"the twelfth", 10, after(12, 0), wait(2 * time.Minute)},
		{"the fourteenth", 10, after(14, 0), wait(8 * time.Minute)},
		{"the fifteenth: no longer than that", 10, after(15, 0), wait(15 * time.Minute)},
		{"the thousandth", 10, after(1000, 14*time.Minute), wait(time.Minute)},
		{"the thousandth a pause ago", 10, after(1000, 15*time.Minute), oneClaims},
		{"after a day", 10, after(1000, 24*time.Hour), room(10)},
		{"almost after a day", 10, after(9, 24*time.Hour-1), room(1)},
		{"the clock went back", 10, after(10, -time.Hour), wait(30 * time.Second)},
		{"off", 0, after(1000, 0), room(unlimited)},
		{"the limit is one", 1, Counter{}, room(1)},
	} {
		got := Limits{Account: test.limit, Source: 7}.account(test.c, noon)
		if got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestASourceIsABucketThatAMinuteEmpties(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		limit int
		c     Counter
		want  verdict
	}{
		{"empty", 60, Counter{}, room(60)},
		{"one", 60, after(1, 0), room(59)},
		{"one, which has drained", 60, after(1, time.Second), room(60)},
		{"full", 60, after(60, 0), wait(time.Second)},
		{"full, and almost a drop less", 60, after(60, 999*time.Millisecond), wait(time.Millisecond)},
		{"full, and a drop less", 60, after(60, time.Second), room(1)},
		{"full a minute ago", 60, after(60, time.Minute), room(60)},
		{"over, of another instance", 60, after(63, 0), wait(4 * time.Second)},
		{"over, of a greater limit", 60, after(600, 10*time.Second), wait(531 * time.Second)},
		{"the clock went back", 60, after(60, -time.Hour), wait(time.Second)},
		{"one a minute", 1, after(1, 59*time.Second), wait(time.Second)},
		{"off", 0, after(1000, 0), room(unlimited)},
	} {
		got := Limits{Account: 7, Source: test.limit}.source(test.c, noon)
		if got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestWhatAFailureAddsToACounter(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		got, want Counter
	}{
		{"an account's first", anotherOne(Counter{}), Counter{Failures: 1, At: noon}},
		{"an account's next", anotherOne(after(2, time.Hour)), after(3, 0)},
		{"an account's after a day", anotherOne(after(9, 24*time.Hour)), after(1, 0)},
		{"an account's on an instance that is behind", anotherOne(after(2, -time.Second)), after(3, -time.Second)},
		{"a source's first", pouredInto(Counter{}), Counter{Failures: 1, At: noon}},
		{"a source's next", pouredInto(after(5, 0)), after(6, 0)},
		{"a source's, after two and a half drops", pouredInto(after(5, 2500*time.Millisecond)), after(4, 500*time.Millisecond)},
		{"a source's, after an hour", pouredInto(after(60, time.Hour)), after(1, 0)},
		{"a source's on an instance that is behind", pouredInto(after(5, -time.Second)), after(6, -time.Second)},
		{"a success, after the failures that it has seen", cleared(after(3, 0), after(3, 0)), after(0, 0)},
		{"a success, after others came meanwhile", cleared(after(5, 0), after(3, time.Minute)), after(2, 0)},
	} {
		if diff := cmp.Diff(test.got, test.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", test.name, diff)
		}
	}
}

func TestARefusalNamesTheLimitThatLastsLonger(t *testing.T) {
	t.Parallel()
	limits := Limits{Account: 10, Source: 60}
	for _, test := range []struct {
		account, source verdict
		limit           string
		after           time.Duration
	}{
		{room(1), room(1), "", 0},
		{wait(time.Minute), room(1), "account", time.Minute},
		{room(1), wait(9 * time.Second), "source", 9 * time.Second},
		{wait(time.Minute), wait(time.Second), "account", time.Minute},
		{wait(time.Minute), wait(time.Hour), "source", time.Hour},
		{room(1), wait(time.Millisecond), "source", time.Second},
	} {
		var e *auth.Error
		errors.As(limits.refuse(test.account, test.source), &e)
		if test.limit == "" {
			if e != nil {
				t.Errorf("%+v, %+v: got %v", test.account, test.source, e)
			}
			continue
		}
		if e == nil || e.Kind != auth.Throttled || e.Limit.Name != test.limit || e.RetryAfter != test.after {
			t.Errorf("%+v, %+v: got %+v, want %s for %v", test.account, test.source, e, test.limit, test.after)
		}
	}
}
