package storetest

import (
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

var throttleClaims = []claim{
	{name: "counters survive the round trip, in the order in which they are asked for", prove: counterRoundTrip},
	{name: "a counter is swapped by whoever read its last version, and by nobody else", prove: counterVersions},
	{name: "E16: of all who swap one counter at once one does", prove: counterRace},
	{name: "clearing an account takes a version of its counters and leaves all others alone", prove: counterClearing},
	{name: "counters are collected oldest first, up to a limit and a bound", prove: counterCollection},
	{name: "an address is known by the last session from its network", prove: knownAddresses},
}

// counterKeys are one account, the same at two addresses, another one, and a source.
func counterKeys() []accounts.CounterKey {
	account, other := half(), half()
	return []accounts.CounterKey{{Account: account}, {Account: account, Source: half()}, {Account: account, Source: half()},
		{Account: other}, {Source: half()}}
}

func half() (h [16]byte) {
	random := randomHash()
	copy(h[:], random[:])
	return h
}

// counters reads counters through the other handle.
func (t *trial) counters(keys ...accounts.CounterKey) []accounts.Counter {
	t.Helper()
	before := t.clock()
	counters, opened, clock, err := t.again.Counters(t.Context(), keys, auth.UserID{}, netip.Prefix{})
	t.must(err, "Counters")
	t.between(clock, before, t.clock(), "the clock that is read with counters")
	if !opened.IsZero() {
		t.Errorf("nobody's session was opened at %v", opened)
	}
	return counters
}

// swap writes counters that are as they were read.
func (t *trial) swap(counters ...accounts.Counter) []accounts.Counter {
	t.Helper()
	swapped, err := t.store.SwapCounters(t.Context(), counters)
	t.must(err, "SwapCounters")
	if len(swapped) != len(counters) || slices.Contains(swapped, false) {
		t.Fatalf("SwapCounters of %+v: swapped %t", counters, swapped)
	}
	stored := slices.Clone(counters)
	for i := range stored {
		stored[i].Version++
	}
	return stored
}

// failing is a counter that is not stored yet.
func failing(key accounts.CounterKey, failures int, at time.Time) accounts.Counter {
	return accounts.Counter{CounterKey: key, Failures: failures, At: at}
}

func counterRoundTrip(t *trial) {
	keys, at := counterKeys(), t.clock()
	var absent, want []accounts.Counter
	for i, key := range keys {
		absent = append(absent, accounts.Counter{CounterKey: key})
		want = append(want, failing(key, 1<<20+i, at.Add(-time.Duration(i)*time.Hour-time.Microsecond)))
	}
	t.same(t.counters(keys...), absent, "counters that are not stored")
	want = append(t.swap(want[:2]...), absent[2:]...)
	t.same(t.counters(keys...), want, "two of five counters")
	want = append(want[:2], t.swap(failing(keys[2], 3, at), failing(keys[3], 4, at), failing(keys[4], 5, at))...)
	slices.Reverse(keys)
	slices.Reverse(want)
	got := t.counters(keys...)
	t.same(got, want, "counters in another order")
	for _, c := range got {
		if c.At.Location() != time.UTC {
			t.Errorf("a counter's time is %v, want UTC", c.At)
		}
	}
	t.same(t.counters(), []accounts.Counter{}, "no counters")
	swapped, err := t.store.SwapCounters(t.Context(), nil)
	t.must(err, "SwapCounters of none")
	t.same(swapped, []bool{}, "of none")
}

func counterVersions(t *trial) {
	keys, at := counterKeys(), t.clock()
	a, b := failing(keys[0], 1, at), failing(keys[4], 1, at)
	t.swap(a, b)
	refused := func(why string, wants []bool, counters ...accounts.Counter) {
		t.Helper()
		swapped, err := t.again.SwapCounters(t.Context(), counters)
		t.must(err, "SwapCounters")
		t.same(swapped, wants, why)
	}
	a.Failures, b.Failures = 7, 8
	refused("of counters that another one has added", []bool{false, false}, a, b)
	b.Version = 1
	refused("of a counter that another one has added, and one as it is", []bool{false, true}, a, b)
	refused("of a counter as it was", []bool{false}, b)
	a.Version = 2
	refused("of a counter as it never was", []bool{false}, a)
	a.Version, a.Failures, a.At = 1, 0, at.Add(-48*time.Hour) // a counter may go back
	a, b.Version = t.swap(a)[0], 2
	t.same(t.counters(keys[0], keys[4]), []accounts.Counter{a, b}, "the counters")
	_, err := t.store.CollectCounters(t.Context(), at.Add(-time.Hour), 10)
	t.must(err, "CollectCounters")
	a.Failures = 9
	refused("of a counter that is gone", []bool{false}, a)
	t.same(t.counters(keys[0]), []accounts.Counter{{CounterKey: keys[0]}}, "the counter that is gone")
	a.Version = 0
	t.swap(a)
}

// Each swaps the same counters in one of two orders: two who wait for each other would be a deadlock.
func counterRace(t *trial) {
	const racers, rounds = 8, 6
	keys := counterKeys()
	for round := range rounds {
		was := t.counters(keys...)
		var winners [5]atomic.Int64
		t.race(racers, func(i int, s Store) {
			mine := slices.Clone(was)
			for j := range mine {
				mine[j].Failures, mine[j].At = 1000*round+i, t.clock()
			}
			if i%2 == 1 {
				slices.Reverse(mine)
			}
			var swapped []bool
			err := t.insist(func() (err error) {
				swapped, err = s.SwapCounters(t.Context(), mine)
				return err
			})
			if err != nil {
				t.Errorf("SwapCounters: %v", err)
				return
			}
			for j, c := range mine {
				if swapped[j] {
					winners[slices.Index(keys, c.CounterKey)].Add(1)
				}
			}
		})
		for j, c := range t.counters(keys...) {
			if winners[j].Load() != 1 || c.Version != was[j].Version+1 {
				t.Errorf("round %d: %d swapped counter %d, and its version went from %d to %d", round, winners[j].Load(), j, was[j].Version, c.Version)
			}
		}
	}
}

func counterClearing(t *trial) {
	keys, at := counterKeys(), t.clock()
	var stored []accounts.Counter
	for i, key := range keys {
		stored = append(stored, failing(key, i, at)) // the account's first has none
	}
	want := t.swap(stored...)
	cleared, err := t.store.ClearCounters(t.Context(), keys[0].Account)
	t.must(err, "ClearCounters")
	for i := 1; i < 3; i++ {
		want[i].Failures = 0
		want[i].Version++ // whoever has read the failures must not write them again
	}
	t.same(t.counters(keys...), want, "the counters")
	again, err := t.store.ClearCounters(t.Context(), keys[0].Account)
	t.must(err, "ClearCounters again")
	nobody, err := t.store.ClearCounters(t.Context(), half())
	t.must(err, "ClearCounters of nobody")
	t.same([]int{cleared, again, nobody}, []int{2, 0, 0}, "how many were cleared, then again, then of nobody")
	t.same(t.counters(keys...), want, "the counters in the end")
}

func counterCollection(t *trial) {
	first := t.clock().Add(-48 * time.Hour)
	var keys []accounts.CounterKey
	for range 8 { // stored shuffled
		keys = append(keys, accounts.CounterKey{Account: half()})
	}
	var want []accounts.Counter
	for i := range keys {
		j := (i*3 + 1) % len(keys)
		t.swap(failing(keys[j], j+1, first.Add(time.Duration(j)*time.Hour)))
	}
	want = t.counters(keys...)
	bound := first.Add(5 * time.Hour)
	for _, c := range []struct{ before, limit, want, left int }{{0, 10, 0, 0}, {5, 0, 0, 0}, {5, -1, 0, 0}, {5, 3, 3, 3}, {5, 3, 2, 5}, {5, 3, 0, 5}} {
		at := first
		if c.before == 5 {
			at = bound
		}
		n, err := t.store.CollectCounters(t.Context(), at, c.limit)
		t.must(err, "CollectCounters")
		for i := range c.left {
			want[i] = accounts.Counter{CounterKey: keys[i]}
		}
		if n != c.want {
			t.Errorf("CollectCounters before %v, at most %d: deleted %d, want %d", at, c.limit, n, c.want)
		}
		t.same(t.counters(keys...), want, fmt.Sprintf("the counters that remain of %+v", c))
	}
}

// E13: who is known decides which counter somebody comes under. Ended sessions count: who has logged out
// at home is at home all the same.
func knownAddresses(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	began := t.clock().Truncate(time.Second)
	login := func(user auth.UserID, address string, at time.Duration) {
		t.Helper()
		s := t.session(user)
		s.CreatedAt, s.LoginIP = began.Add(at), netip.Addr{}
		if address != "" {
			s.LoginIP = netip.MustParseAddr(address)
		}
		t.open(s)
		if at%2 == 0 {
			t.end(audit.Logout, newMark(), s)
		}
	}
	login(ann.ID, "192.0.2.7", -3*time.Hour)
	login(ann.ID, "192.0.2.7", -time.Hour) // the last, stored in the middle
	login(ann.ID, "192.0.2.7", -2*time.Hour)
	login(ann.ID, "2001:db8:1:2:aaaa::1", -5*time.Hour+1000)
	login(ann.ID, "", 0)
	login(ben.ID, "192.0.2.8", -time.Minute)
	for _, c := range []struct {
		who     string
		user    auth.UserID
		network string
		want    time.Duration
	}{
		{"ann where she logged in", ann.ID, "192.0.2.7/32", -time.Hour},
		{"ann in a network that she logged in from", ann.ID, "2001:db8:1:2::/64", -5*time.Hour + 1000},
		{"ann in the network next door", ann.ID, "2001:db8:1:3::/64", 1},
		{"ann where ben logged in", ann.ID, "192.0.2.8/32", 1},
		{"ben where he logged in", ben.ID, "192.0.2.8/32", -time.Minute},
		{"ben where ann logged in", ben.ID, "192.0.2.7/32", 1},
		{"ann nowhere", ann.ID, "", 1},
		{"nobody", auth.UserID{}, "192.0.2.7/32", 1},
	} {
		var network netip.Prefix
		if c.network != "" {
			network = netip.MustParsePrefix(c.network)
		}
		_, opened, _, err := t.again.Counters(t.Context(), counterKeys(), c.user, network)
		t.must(err, "Counters")
		want := began.Add(c.want)
		if c.want > 0 {
			want = time.Time{}
		}
		if !opened.Equal(want) || opened.Location() != time.UTC {
			t.Errorf("%s: last opened at %v, want %v", c.who, opened, want)
		}
	}
}
