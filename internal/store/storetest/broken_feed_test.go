package storetest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// found passes what Kills found through change.
func found(change func(b *broken, keys []revocation.Key, entries []revocation.Entry) []revocation.Entry) func(*broken) {
	return func(b *broken) {
		b.kills = func(ctx context.Context, keys []revocation.Key) ([]revocation.Entry, time.Time, error) {
			entries, clock, err := b.Store.Kills(ctx, keys)
			return change(b, keys, entries), clock, err
		}
	}
}

// everyKill reads the whole feed.
func (b *broken) everyKill() []revocation.Entry {
	entries, _, err := readFeed(b.tb.Context(), b.raw, 0)
	if err != nil {
		b.tb.Errorf("a defect's own reading: %v", err)
	}
	return entries
}

// heads passes what RaiseHead returns through change.
func heads(change func(b *broken, asked, head revocation.Head) revocation.Head) func(*broken) {
	return func(b *broken) {
		b.raiseHead = func(ctx context.Context, id string, ttl, age time.Duration) (revocation.Head, error) {
			head, err := b.Store.RaiseHead(ctx, id, ttl, age)
			if err != nil {
				return head, err
			}
			return change(b, revocation.Head{FeedID: id, MaxTTL: ttl, JWKSMaxAge: age}, head), nil
		}
	}
}

// afterRaise runs a statement after the head was raised.
func afterRaise(statement string) func(*broken) {
	return heads(func(b *broken, _, head revocation.Head) revocation.Head {
		b.sql(statement)
		return head
	})
}

const asOfNow = `update feed_head set as_of = unixepoch() * 1000000`

var feedDefects = map[string][]defect{
	"kills are found by key, every epoch of one subject, and unknown keys find nothing": {
		{"the newest of a subject alone", found(func(_ *broken, _ []revocation.Key, entries []revocation.Entry) []revocation.Entry {
			slices.SortFunc(entries, func(a, b revocation.Entry) int { return cmp.Compare(b.Seq, a.Seq) })
			return slices.CompactFunc(entries, func(a, b revocation.Entry) bool { return a.Key == b.Key })
		})},
		{"a subject has one entry", afterChange(`delete from kills where kind = 'sub' and seq < (select max(seq) from kills)`)},
		{"the kind is not looked at", found(func(b *broken, keys []revocation.Key, _ []revocation.Entry) []revocation.Entry {
			return slices.DeleteFunc(b.everyKill(), func(e revocation.Entry) bool {
				return !slices.ContainsFunc(keys, func(k revocation.Key) bool { return k.Subject == e.Subject })
			})
		})},
		{"kinds and subjects are looked up apart", found(func(b *broken, keys []revocation.Key, _ []revocation.Entry) []revocation.Entry {
			return slices.DeleteFunc(b.everyKill(), func(e revocation.Entry) bool {
				return !slices.ContainsFunc(keys, func(k revocation.Key) bool { return k.Subject == e.Subject }) ||
					!slices.ContainsFunc(keys, func(k revocation.Key) bool { return k.Kind == e.Kind })
			})
		})},
		{"the subject is not looked at", found(func(b *broken, keys []revocation.Key, _ []revocation.Entry) []revocation.Entry {
			return slices.DeleteFunc(b.everyKill(), func(e revocation.Entry) bool {
				return !slices.ContainsFunc(keys, func(k revocation.Key) bool { return k.Kind == e.Kind })
			})
		})},
		{"who asks twice is told twice", func(b *broken) {
			b.kills = func(ctx context.Context, keys []revocation.Key) (all []revocation.Entry, clock time.Time, err error) {
				_, clock, err = b.Store.Kills(ctx, nil)
				for _, key := range keys {
					entries, _, _ := b.Store.Kills(ctx, []revocation.Key{key})
					all = append(all, entries...)
				}
				return all, clock, err
			}
		}},
		{"no keys mean all", found(func(b *broken, keys []revocation.Key, entries []revocation.Entry) []revocation.Entry {
			if len(keys) == 0 {
				return b.everyKill()
			}
			return entries
		})},
		{"the value is not read", found(func(_ *broken, _ []revocation.Key, entries []revocation.Entry) []revocation.Entry {
			for i := range entries {
				entries[i].Value = 0
			}
			return entries
		})},
		{"until is in the local zone", found(func(_ *broken, _ []revocation.Key, entries []revocation.Entry) []revocation.Entry {
			for i := range entries {
				entries[i].Until = entries[i].Until.In(time.FixedZone("here", 3600))
			}
			return entries
		})},
	},
	"each raise adds one to the epoch, and an entry of its own": {
		{"half-committed: the epoch rises without an entry", afterChange(dropNewestKill + `; ` + headFollows)},
		{"the entry names the old epoch", afterChange(`update kills set value = value - 1 where seq = (select max(seq) from kills)`)},
		{"the sessions follow the epoch", afterChange(`update sessions set epoch = (select epoch from users u where u.user_id = sessions.user_id)`)},
		{"everybody's epoch rises", afterChange(`update users set epoch = (select max(epoch) from users)`)},
		{"the epoch stays", afterChange(`update users set epoch = 1`)},
	},
	"as_of waits for a clock that went back": {
		{"as_of is the clock of the last end", afterDeath(asOfNow)},
		{"as_of is the clock of the last change", afterChange(asOfNow)},
		{"as_of is the clock of the last boot", afterRaise(asOfNow)},
	},
	"as_of moves with every entry, never back and never ahead of the clock": {
		{"as_of stands", afterKill(`update feed_head set as_of = 1`)},
		{"as_of follows the decision's clock", died(func(b *broken, batch []tokens.Death, ended []tokens.Ended, _ uint64) []tokens.Ended {
			b.sql(`update feed_head set as_of = max(as_of, ?)`, batch[0].At.UnixMicro())
			return ended
		})},
		{"as_of goes back with the clock", afterChange(`update feed_head set as_of = as_of - 3600000000`)},
		{"as_of vouches for the future", afterKill(`update feed_head set as_of = as_of + 1000000`)},
		{"as_of starts anew when the head is raised", afterRaise(`update feed_head set as_of = 0`)},
	},
}

var headDefects = map[string][]defect{
	"the head is created once, whoever comes first": {
		{"the last instance names the feed", heads(func(b *broken, asked, head revocation.Head) revocation.Head {
			b.sql(`update feed_head set feed_id = ?`, asked.FeedID)
			head.FeedID = asked.FeedID
			return head
		})},
		{"each instance believes in its own", heads(func(_ *broken, asked, head revocation.Head) revocation.Head {
			head.FeedID = asked.FeedID
			return head
		})},
		{"who comes second fails", func(b *broken) {
			b.raiseHead = func(ctx context.Context, id string, ttl, age time.Duration) (revocation.Head, error) {
				head, err := b.Store.RaiseHead(ctx, id, ttl, age)
				if err == nil && head.FeedID != id {
					err = errDefect
				}
				return head, err
			}
		}},
		{"a new feed has read nothing since 1970", afterRaise(`update feed_head set as_of = 0`)},
		{"a new feed begins at 1", afterRaise(`update feed_head set seq = 1`)},
		{"a lifetime is counted in minutes", afterRaise(`update feed_head set max_ttl = max_ttl / 60`)},
	},
	"the head's longest durations rise one by one and never fall": {
		{"the last lifetime counts", heads(func(b *broken, asked, head revocation.Head) revocation.Head {
			b.sql(`update feed_head set max_ttl = ?`, int64(asked.MaxTTL/time.Second))
			head.MaxTTL = asked.MaxTTL
			return head
		})},
		{"the last max-age counts", heads(func(b *broken, asked, head revocation.Head) revocation.Head {
			b.sql(`update feed_head set jwks_max_age = ?`, int64(asked.JWKSMaxAge/time.Second))
			head.JWKSMaxAge = asked.JWKSMaxAge
			return head
		})},
		{"fractions of a second are cut off", func(b *broken) {
			b.raiseHead = func(ctx context.Context, id string, ttl, age time.Duration) (revocation.Head, error) {
				return b.Store.RaiseHead(ctx, id, ttl.Truncate(time.Second), age.Truncate(time.Second))
			}
		}},
		{"both rise or none", func(b *broken) {
			b.raiseHead = func(ctx context.Context, id string, ttl, age time.Duration) (revocation.Head, error) {
				head, err := b.Store.RaiseHead(ctx, id, 0, 0)
				if err != nil || ttl < head.MaxTTL || age < head.JWKSMaxAge {
					return head, err
				}
				return b.Store.RaiseHead(ctx, id, ttl, age)
			}
		}},
		{"what is returned is what was asked", heads(func(_ *broken, asked, head revocation.Head) revocation.Head {
			head.MaxTTL = asked.MaxTTL
			return head
		})},
		{"what is stored is what was first", afterRaise(`update feed_head set max_ttl = 300`)},
	},
	"raising the head leaves the place and the mark of the feed alone": {
		{"the feed begins anew", afterRaise(`update feed_head set seq = 0`)},
		{"the mark is gone", afterRaise(`update feed_head set mark = 0`)},
		{"the feed gets another name", afterRaise(`update feed_head set feed_id = 'another feed'`)},
		{"old kills are swept out", afterRaise(`delete from kills`)},
		{"the keyring's version rises", afterRaise(`update feed_head set keyring_version = keyring_version + 1`)},
		{"the head that is returned is an empty one", heads(func(_ *broken, asked, head revocation.Head) revocation.Head {
			asked.FeedID = head.FeedID
			return asked
		})},
	},
}
