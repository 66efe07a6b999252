package storetest

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// readCounters passes counters that are read through change.
func readCounters(change func(list []accounts.Counter, opened, clock *time.Time)) func(*broken) {
	return func(b *broken) {
		b.counters = func(ctx context.Context, keys []accounts.CounterKey, user auth.UserID, network netip.Prefix) ([]accounts.Counter, time.Time, time.Time, error) {
			list, opened, clock, err := b.Store.Counters(ctx, keys, user, network)
			change(list, &opened, &clock)
			return list, opened, clock, err
		}
	}
}

func eachCounter(change func(*accounts.Counter)) func(*broken) {
	return readCounters(func(list []accounts.Counter, _, _ *time.Time) {
		for i := range list {
			change(&list[i])
		}
	})
}

// askedAs changes what is asked about a user's sessions.
func askedAs(change func(user *auth.UserID, network *netip.Prefix)) func(*broken) {
	return func(b *broken) {
		b.counters = func(ctx context.Context, keys []accounts.CounterKey, user auth.UserID, network netip.Prefix) ([]accounts.Counter, time.Time, time.Time, error) {
			change(&user, &network)
			return b.Store.Counters(ctx, keys, user, network)
		}
	}
}

// swaps changes how counters are swapped.
func swaps(swap func(ctx context.Context, b *broken, list []accounts.Counter) ([]bool, error)) func(*broken) {
	return func(b *broken) {
		b.swapCounters = func(ctx context.Context, list []accounts.Counter) ([]bool, error) { return swap(ctx, b, list) }
	}
}

// afterClearing does more after an account was cleared.
func afterClearing(statement string) func(*broken) {
	return func(b *broken) {
		b.clearCounters = func(ctx context.Context, account [16]byte) (int, error) {
			n, err := b.Store.ClearCounters(ctx, account)
			if n > 0 {
				b.sql(statement)
			}
			return n, err
		}
	}
}

// put writes a counter whatever is there.
func (b *broken) put(c accounts.Counter) {
	account, source := c.Account[:], c.Source[:]
	if c.Account == [16]byte{} {
		account = []byte{}
	}
	if c.Source == [16]byte{} {
		source = []byte{}
	}
	b.sql(`insert into throttles (account, source, failures, counted_at, row_version) values (?, ?, ?, ?, 1)
	       on conflict do update set failures = excluded.failures, counted_at = excluded.counted_at, row_version = row_version + 1`,
		account, source, c.Failures, c.At.UnixMicro())
}

func collectedCounters(before func(time.Time) time.Time, limit func(int) int) func(*broken) {
	return func(b *broken) {
		b.collectCounters = func(ctx context.Context, at time.Time, n int) (int, error) {
			return b.Store.CollectCounters(ctx, before(at), limit(n))
		}
	}
}

func same[T any](v T) T { return v }

// readFirst compares versions by reading, and writes later.
func readFirst(b *broken) {
	var mu sync.Mutex
	before := make(map[accounts.CounterKey]accounts.Counter) // what the call before has read: this one read it too, before that one wrote
	b.swapCounters = func(ctx context.Context, list []accounts.Counter) ([]bool, error) {
		mu.Lock()
		defer mu.Unlock()
		swapped := make([]bool, len(list))
		for i, c := range list {
			if swapped[i] = before[c.CounterKey].Version == c.Version; swapped[i] {
				b.put(c)
			}
		}
		if len(before) == 0 {
			for _, c := range list {
				before[c.CounterKey] = accounts.Counter{}
			}
		}
		return swapped, nil
	}
}

var throttleDefects = map[string][]defect{
	"counters survive the round trip, in the order in which they are asked for": {
		{"in the order of the keys", readCounters(func(list []accounts.Counter, _, _ *time.Time) {
			slices.SortFunc(list, func(a, b accounts.Counter) int { return slices.Compare(a.Account[:], b.Account[:]) })
		})},
		{"those that are not stored have no key", eachCounter(func(c *accounts.Counter) {
			if c.Version == 0 {
				c.CounterKey = accounts.CounterKey{}
			}
		})},
		{"whole seconds", eachCounter(func(c *accounts.Counter) { c.At = c.At.Truncate(time.Second) })},
		{"failures fit into 16 bits", eachCounter(func(c *accounts.Counter) { c.Failures = int(int16(c.Failures)) })},
		{"every version is the first", eachCounter(func(c *accounts.Counter) { c.Version = 1 })},
		{"times are in the local zone", eachCounter(func(c *accounts.Counter) { c.At = c.At.In(time.FixedZone("here", 3600)) })},
		{"the clock stands still", readCounters(func(_ []accounts.Counter, _, clock *time.Time) { *clock = oneMillisecond })},
		{"an account is one counter at all addresses", func(b *broken) {
			b.swapCounters = func(ctx context.Context, list []accounts.Counter) ([]bool, error) {
				list = slices.Clone(list)
				for i := range list {
					if list[i].Account != [16]byte{} {
						list[i].Source = [16]byte{}
					}
				}
				return b.Store.SwapCounters(ctx, list)
			}
		}},
	},
	"a counter is swapped by whoever read its last version, and by nobody else": {
		{"whatever is there", swaps(func(_ context.Context, b *broken, list []accounts.Counter) ([]bool, error) {
			for _, c := range list {
				b.put(c)
			}
			return slices.Repeat([]bool{true}, len(list)), nil
		})},
		{"all or none", swaps(func(ctx context.Context, b *broken, list []accounts.Counter) ([]bool, error) {
			swapped, err := b.Store.SwapCounters(ctx, list)
			if slices.Contains(swapped, false) {
				clear(swapped)
			}
			return swapped, err
		})},
		{"one that is gone is made again", swaps(func(ctx context.Context, b *broken, list []accounts.Counter) ([]bool, error) {
			swapped, err := b.Store.SwapCounters(ctx, list)
			now, _, _, _ := b.Store.Counters(ctx, []accounts.CounterKey{list[0].CounterKey}, auth.UserID{}, netip.Prefix{})
			if now[0].Version == 0 {
				b.put(list[0])
				swapped[0] = true
			}
			return swapped, err
		})},
		{"failures only grow", swaps(func(ctx context.Context, b *broken, list []accounts.Counter) ([]bool, error) {
			list = slices.Clone(list)
			for i := range list {
				list[i].Failures = max(1, list[i].Failures)
			}
			return b.Store.SwapCounters(ctx, list)
		})},
	},
	"E16: of all who swap one counter at once one does": {
		{"versions are compared first and written later", readFirst},
		{"everybody is told to have won", swaps(func(ctx context.Context, b *broken, list []accounts.Counter) ([]bool, error) {
			_, err := b.Store.SwapCounters(ctx, list)
			return slices.Repeat([]bool{true}, len(list)), err
		})},
	},
	"clearing an account takes a version of its counters and leaves all others alone": {
		{"all accounts are cleared", afterClearing(`update throttles set failures = 0`)},
		{"the rows are deleted", afterClearing(`delete from throttles where failures = 0`)},
		{"the version stays", afterClearing(`update throttles set row_version = 1`)},
		{"its addresses are left out", func(b *broken) {
			b.clearCounters = func(_ context.Context, account [16]byte) (int, error) {
				b.sql(`update throttles set failures = 0, row_version = row_version + 1 where account = ? and source = x''`, account[:])
				return 2, nil
			}
		}},
		{"nothing is cleared", func(b *broken) {
			b.clearCounters = func(context.Context, [16]byte) (int, error) { return 2, nil }
		}},
	},
	"counters are collected oldest first, up to a limit and a bound": {
		{"no limit", collectedCounters(same, func(int) int { return 100 })},
		{"those of the bound, too", collectedCounters(func(at time.Time) time.Time { return at.Add(time.Microsecond) }, same)},
		{"the newest first", func(b *broken) {
			b.collectCounters = func(_ context.Context, before time.Time, limit int) (int, error) {
				var n int
				err := b.raw.QueryRow(`select count(*) from throttles where counted_at < ?`, before.UnixMicro()).Scan(&n)
				b.sql(`delete from throttles where (account, source) in (select account, source from throttles
				       where counted_at < ? order by counted_at desc limit ?)`, before.UnixMicro(), max(0, limit))
				return min(n, max(0, limit)), err
			}
		}},
		{"nothing is deleted", func(b *broken) {
			b.collectCounters = func(_ context.Context, _ time.Time, limit int) (int, error) { return max(0, limit), nil }
		}},
	},
	"an address is known by the last session from its network": {
		{"everybody's sessions count", func(b *broken) {
			b.counters = func(ctx context.Context, keys []accounts.CounterKey, _ auth.UserID, network netip.Prefix) ([]accounts.Counter, time.Time, time.Time, error) {
				ids := b.ids(`select user_id from sessions where login_net = ? order by created_at desc limit 1`, network.String())
				ids = append(ids, auth.SessionID{})
				return b.Store.Counters(ctx, keys, auth.UserID(ids[0]), network)
			}
		}},
		{"an address of IPv6 is one alone", func(b *broken) {
			change := b.changeUser
			b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
				applied, err := change(ctx, c, mark)
				b.sql(`update sessions set login_net = login_ip || '/128' where login_ip like '%:%'`)
				return applied, err
			}
		}},
		{"no address is everywhere", askedAs(func(_ *auth.UserID, network *netip.Prefix) {
			if !network.IsValid() {
				*network = netip.MustParsePrefix("192.0.2.7/32")
			}
		})},
		{"the first session counts", readCounters(func(_ []accounts.Counter, opened, _ *time.Time) {
			if !opened.IsZero() {
				*opened = opened.Add(-2 * time.Hour)
			}
		})},
		{"ended sessions are forgotten", func(b *broken) {
			end := b.end
			b.end = func(ctx context.Context, batch []tokens.Death, mark uint64) ([]tokens.Ended, error) {
				ended, err := end(ctx, batch, mark)
				b.sql(`update sessions set login_net = null where ended_at is not null`)
				return ended, err
			}
		}},
	},
}
