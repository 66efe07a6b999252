package storetest

import (
	"context"
	"slices"
	"time"

	"github.com/authd/authd/internal/revocation"
)

// followed passes what Follow read through change.
func followed(change func(r *revocation.Reading)) func(*broken) {
	return func(b *broken) {
		b.follow = func(ctx context.Context, after int64, limit int) (revocation.Reading, error) {
			r, err := b.Store.Follow(ctx, after, limit)
			if err == nil {
				change(&r)
			}
			return r, err
		}
	}
}

// followedAs changes what Follow is asked.
func followedAs(ask func(after int64, limit int) (int64, int)) func(*broken) {
	return func(b *broken) {
		b.follow = func(ctx context.Context, after int64, limit int) (revocation.Reading, error) {
			after, limit = ask(after, limit)
			return b.Store.Follow(ctx, after, limit)
		}
	}
}

// afterVouch runs a statement after each vouch.
func afterVouch(statement string) func(*broken) {
	return func(b *broken) {
		b.vouchFor = func(ctx context.Context, seen time.Time) error {
			err := b.Store.Vouch(ctx, seen)
			b.sql(statement)
			return err
		}
	}
}

// swept makes the collector of kills a statement of bound, keep and limit.
func swept(statement string) func(*broken) {
	return func(b *broken) {
		b.collectKills = func(_ context.Context, before time.Time, keep int64, limit int) (int, error) {
			result, err := b.raw.Exec(statement, before.UnixMicro(), keep, max(limit, 0))
			if err != nil {
				return 0, err
			}
			n, err := result.RowsAffected()
			return int(n), err
		}
	}
}

// sweptAs changes what the collector is asked.
func sweptAs(ask func(before time.Time, keep int64, limit int) (time.Time, int64, int)) func(*broken) {
	return func(b *broken) {
		b.collectKills = func(ctx context.Context, before time.Time, keep int64, limit int) (int, error) {
			before, keep, limit = ask(before, keep, limit)
			return b.Store.CollectKills(ctx, before, keep, limit)
		}
	}
}

var followDefects = map[string][]defect{
	"following reads the head, the place and what follows it, in order and up to the limit": {
		{"the newest first", followed(func(r *revocation.Reading) { slices.Reverse(r.Entries) })},
		{"the place itself is read again", followedAs(func(after int64, limit int) (int64, int) { return max(after-1, 0), limit })},
		{"one too many", followedAs(func(after int64, limit int) (int64, int) { return after, limit + 1 })},
		{"one number is skipped", followed(func(r *revocation.Reading) {
			r.Entries = slices.DeleteFunc(r.Entries, func(e revocation.Entry) bool { return e.Seq == 4 })
		})},
		{"a number comes twice", followed(func(r *revocation.Reading) {
			if len(r.Entries) > 1 {
				r.Entries[1].Seq = r.Entries[0].Seq
			}
		})},
		{"the mark is the head's", followed(func(r *revocation.Reading) { r.Mark = r.Head.Mark })},
		{"every place is there", followed(func(r *revocation.Reading) { r.Found = true })},
		{"marks are cut to 63 bits", followed(func(r *revocation.Reading) {
			for i := range r.Entries {
				r.Entries[i].Mark &^= 1 << 63
			}
		})},
		{"the head is the last entry that was read", followed(func(r *revocation.Reading) {
			if n := len(r.Entries); n > 0 {
				r.Head.Seq, r.Head.Mark = r.Entries[n-1].Seq, r.Entries[n-1].Mark
			}
		})},
		{"keys are nobody's business", followed(func(r *revocation.Reading) {
			r.Entries = slices.DeleteFunc(r.Entries, func(e revocation.Entry) bool { return e.Kind == revocation.Kid })
		})},
		{"a head without lifetimes", followed(func(r *revocation.Reading) { r.Head.MaxTTL = 0 })},
		{"the clock is that of the last write", followed(func(r *revocation.Reading) { r.Clock = r.Clock.Add(-time.Hour) })},
	},
	"without a head there is nothing to follow": {
		{"an empty head", func(b *broken) {
			b.follow = func(ctx context.Context, after int64, limit int) (revocation.Reading, error) {
				r, _ := b.Store.Follow(ctx, after, limit)
				return r, nil
			}
		}},
	},
	"head and entries are of one moment, whoever writes meanwhile": {
		{"the head is read after the entries", func(b *broken) {
			b.follow = func(ctx context.Context, after int64, limit int) (revocation.Reading, error) {
				r, err := b.Store.Follow(ctx, after, limit)
				if err != nil {
					return r, err
				}
				b.meanwhile(true)
				later, err := b.Store.Follow(ctx, after, 0)
				r.Head = later.Head
				return r, err
			}
		}},
		{"the head is read before the entries", func(b *broken) {
			b.follow = func(ctx context.Context, after int64, limit int) (revocation.Reading, error) {
				earlier, err := b.Store.Follow(ctx, after, 0)
				if err != nil {
					return earlier, err
				}
				b.meanwhile(true)
				r, err := b.Store.Follow(ctx, after, limit)
				r.Head = earlier.Head
				return r, err
			}
		}},
	},
	"a vouch moves nothing but as_of, by whoever saw it as it is, and never back": {
		{"a vouch is an entry", afterVouch(`update feed_head set seq = seq + 1`)},
		{"a vouch draws a mark", afterVouch(`update feed_head set mark = mark + 1`)},
		{"a vouch raises the keyring's version", afterVouch(`update feed_head set keyring_version = keyring_version + 1`)},
		{"a vouch by whoever comes", afterVouch(`update feed_head set as_of = max(as_of, unixepoch('subsec') * 1000000) + 1`)},
		{"a vouch goes back with the clock", afterVouch(asOfNow)},
		{"a vouch renews what has run out", afterVouch(`update kills set until = until + 1`)},
	},
	"as_of is honest to whoever follows": {
		{"as_of is in the future", followed(func(r *revocation.Reading) { r.Head.AsOf = r.Head.AsOf.Add(time.Minute) })},
		{"as_of stands", followed(func(r *revocation.Reading) { r.Head.AsOf = r.Head.AsOf.Truncate(time.Hour) })},
	},
	"the collector of kills takes the oldest that ran out, up to its limit and bound": {
		{"it takes what either clock thinks over", sweptAs(func(before time.Time, keep int64, limit int) (time.Time, int64, int) {
			return before.Add(time.Hour), keep, limit
		})},
		{"it takes what ends at its bound", sweptAs(func(before time.Time, keep int64, limit int) (time.Time, int64, int) {
			return before.Add(time.Microsecond), keep, limit
		})},
		{"it knows no limit", sweptAs(func(before time.Time, keep int64, _ int) (time.Time, int64, int) { return before, keep, 1 << 20 })},
		{"it takes the newest first", swept(`delete from kills where seq in (select seq from kills
			where until < ?1 and kind <> 'kid' and seq <= (select seq from feed_head) - ?2 order by seq desc limit ?3)`)},
		{"it sets the feed back", func(b *broken) {
			b.collectKills = func(ctx context.Context, before time.Time, keep int64, limit int) (int, error) {
				n, err := b.Store.CollectKills(ctx, before, keep, limit)
				b.sql(`update feed_head set seq = (select coalesce(max(seq), 0) from kills) - 1`)
				return n, err
			}
		}},
	},
	"the collector of kills leaves killed keys and the newest entries": {
		{"keys that were killed live again", swept(`delete from kills where seq in (select seq from kills
			where until < ?1 and seq <= (select seq from feed_head) - ?2 order by seq limit ?3)`)},
		{"the newest go too", sweptAs(func(before time.Time, _ int64, limit int) (time.Time, int64, int) { return before, 0, limit })},
		{"one too few are kept", sweptAs(func(before time.Time, keep int64, limit int) (time.Time, int64, int) { return before, keep - 1, limit })},
		{"the newest that have run out are kept", swept(`delete from kills where seq in (select seq from kills
			where until < ?1 and kind <> 'kid' order by seq limit max(0, min(?3, (select count(*) from kills where kind <> 'kid') - ?2)))`)},
	},
}
