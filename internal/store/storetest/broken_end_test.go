package storetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// deaths passes every batch of deaths through change before it is written.
func deaths(change func(b *broken, batch []tokens.Death) []tokens.Death) func(*broken) {
	return func(b *broken) {
		b.end = func(ctx context.Context, batch []tokens.Death, mark uint64) ([]tokens.Ended, error) {
			return b.Store.End(ctx, change(b, slices.Clone(batch)), mark)
		}
	}
}

// died does more after deaths were written, and may lie about it.
func died(more func(b *broken, batch []tokens.Death, ended []tokens.Ended, mark uint64) []tokens.Ended) func(*broken) {
	return func(b *broken) {
		b.end = func(ctx context.Context, batch []tokens.Death, mark uint64) ([]tokens.Ended, error) {
			ended, err := b.Store.End(ctx, batch, mark)
			if err != nil {
				return nil, err
			}
			return more(b, batch, ended, mark), nil
		}
	}
}

// afterDeath runs a statement after deaths were written.
func afterDeath(statement string) func(*broken) {
	return died(func(b *broken, _ []tokens.Death, ended []tokens.Ended, _ uint64) []tokens.Ended {
		b.sql(statement)
		return ended
	})
}

// afterKill runs a statement after anything that may add entries: an end or a change.
func afterKill(statement string) func(*broken) {
	return func(b *broken) {
		afterDeath(statement)(b)
		afterChange(statement)(b)
	}
}

func victims(batch []tokens.Death) []tokens.Ended {
	ended := make([]tokens.Ended, len(batch))
	for i, d := range batch {
		ended[i] = tokens.Ended{Session: d.Session, At: d.At}
	}
	return ended
}

const (
	dropNewestKill = `delete from kills where seq = (select max(seq) from kills)`
	headFollows    = `update feed_head set seq = (select coalesce(max(seq), 0) from kills)`
	repeatNewest   = `insert into kills select seq + 1, kind, subject, value, until, mark from kills order by seq desc limit 1`
)

// endsAll reports sessions as ended that were ended before.
var endsAll = died(func(_ *broken, batch []tokens.Death, _ []tokens.Ended, _ uint64) []tokens.Ended {
	return victims(batch)
})

var endDefects = map[string][]defect{
	"an end writes its time, its reason and nothing else": {
		{"the time is the store's and not the decision's", deaths(func(_ *broken, batch []tokens.Death) []tokens.Death {
			for i := range batch {
				batch[i].At = time.Now()
			}
			return batch
		})},
		{"the reason is lost", deaths(func(_ *broken, batch []tokens.Death) []tokens.Death {
			for i := range batch {
				batch[i].Reason = ""
			}
			return batch
		})},
		{"the reason is always a logout", deaths(func(_ *broken, batch []tokens.Death) []tokens.Death {
			for i := range batch {
				batch[i].Reason = audit.Logout
			}
			return batch
		})},
		{"the user's other sessions end too", afterDeath(`update sessions set ended_at = 1, end_reason = 'logout' where ended_at is null`)},
		{"the idle end moves", afterDeath(`update sessions set idle_ends_at = ended_at where ended_at is not null`)},
		{"what made the last token is wiped", afterDeath(`update sessions set nonce = null where ended_at is not null`)},
		{"it says that it ended nothing", died(func(*broken, []tokens.Death, []tokens.Ended, uint64) []tokens.Ended { return nil })},
	},
	"an end without a time is at the store's clock, and what ended is told with its user and time": {
		{"no time is taken for one", deaths(func(_ *broken, batch []tokens.Death) []tokens.Death {
			for i := range batch {
				if batch[i].At.IsZero() {
					batch[i].At = time.Unix(0, 0)
				}
			}
			return batch
		})},
		{"every time is the store's", deaths(func(_ *broken, batch []tokens.Death) []tokens.Death {
			for i := range batch {
				batch[i].At = time.Time{}
			}
			return batch
		})},
		{"the user is left out", died(func(_ *broken, _ []tokens.Death, ended []tokens.Ended, _ uint64) []tokens.Ended {
			for i := range ended {
				ended[i].User = auth.UserID{}
			}
			return ended
		})},
		{"the time that is told is not the one that is stored", afterDeath(`update sessions set ended_at = ended_at + 1 where ended_at is not null`)},
	},
	"an end reports exactly the sessions that it ended, and the first reason stays": {
		{"sessions that were ended before are reported", endsAll},
		{"the last reason stays", died(func(b *broken, batch []tokens.Death, ended []tokens.Ended, _ uint64) []tokens.Ended {
			for _, d := range batch {
				b.sql(`update sessions set end_reason = ? where session_id = ?`, string(d.Reason), d.Session[:])
			}
			return ended
		})},
		{"the last time stays", died(func(b *broken, batch []tokens.Death, ended []tokens.Ended, _ uint64) []tokens.Ended {
			for _, d := range batch {
				b.sql(`update sessions set ended_at = ? where session_id = ?`, d.At.UnixMicro(), d.Session[:])
			}
			return ended
		})},
		{"one dead session stops the batch", deaths(func(b *broken, batch []tokens.Death) []tokens.Death {
			for i, d := range batch {
				if len(b.ids(`select session_id from sessions where ended_at is null and session_id = ?`, d.Session[:])) == 0 {
					return batch[:i]
				}
			}
			return batch
		})},
	},
	"a session that is listed twice dies once": {
		{"it has a kill for each mention", afterDeath(repeatNewest + `; ` + headFollows)},
		{"it is reported for each mention", endsAll},
		{"its last mention counts", deaths(func(_ *broken, batch []tokens.Death) []tokens.Death {
			slices.Reverse(batch)
			return batch
		})},
	},
	"an end and its kill are one: each ended session has an entry, in the order of deaths": {
		{"half-committed: sessions end without kills", died(func(b *broken, _ []tokens.Death, ended []tokens.Ended, mark uint64) []tokens.Ended {
			b.sql(`delete from kills where mark = ?`, int64(mark))
			b.sql(headFollows)
			return ended
		})},
		{"half-committed: the last kill is missing", afterDeath(dropNewestKill)},
		{"half-committed: kills without ends", afterDeath(`update sessions set ended_at = null, end_reason = null`)},
		{"entries are in the order of ids", deaths(func(_ *broken, batch []tokens.Death) []tokens.Death {
			slices.SortFunc(batch, func(a, b tokens.Death) int { return slices.Compare(a.Session[:], b.Session[:]) })
			return batch
		})},
		{"entries are in the reverse order", deaths(func(_ *broken, batch []tokens.Death) []tokens.Death {
			slices.Reverse(batch)
			return batch
		})},
		{"a skipped sequence number", afterDeath(`update kills set seq = seq + 1 where seq = (select max(seq) from kills); ` + headFollows)},
		{"a repeated sequence number takes an entry's place", afterDeath(`delete from kills where seq = (select max(seq) - 1 from kills);
			update kills set seq = seq - 1 where seq = (select max(seq) from kills); ` + headFollows)},
		{"the head's seq is not moved", afterDeath(`update feed_head set seq = 1`)},
		{"the head's mark is not moved", afterDeath(`update feed_head set mark = 1`)},
		{"marks lose their top bit", died(func(b *broken, _ []tokens.Death, ended []tokens.Ended, mark uint64) []tokens.Ended {
			b.sql(`update kills set mark = mark & ?; update feed_head set mark = mark & ?`, int64(1<<63-1), int64(1<<63-1))
			return ended
		})},
		{"the mark is the store's own", func(b *broken) {
			b.end = func(ctx context.Context, batch []tokens.Death, _ uint64) ([]tokens.Ended, error) {
				return b.Store.End(ctx, batch, newMark())
			}
		}},
		{"only the head has the mark", afterDeath(`update kills set mark = 0`)},
		{"the kind is another", afterDeath(`update kills set kind = 'jti'`)},
		{"the value is not 0", afterDeath(`update kills set value = 1`)},
	},
	"an end that ends nothing leaves the feed alone": {
		{"the head gets the mark", died(func(b *broken, _ []tokens.Death, ended []tokens.Ended, mark uint64) []tokens.Ended {
			b.sql(`update feed_head set mark = ?`, int64(mark))
			return ended
		})},
		{"the head moves on", died(func(b *broken, batch []tokens.Death, ended []tokens.Ended, _ uint64) []tokens.Ended {
			if len(ended) < len(batch) {
				b.sql(`update feed_head set seq = seq + 1`)
			}
			return ended
		})},
		{"an entry is written for each death", died(func(b *broken, batch []tokens.Death, ended []tokens.Ended, _ uint64) []tokens.Ended {
			if len(ended) < len(batch) {
				b.sql(repeatNewest)
				b.sql(headFollows)
			}
			return ended
		})},
		{"dead sessions are reported", endsAll},
	},
	"a kill is kept for the longest lifetime after the clock that was read under the head": {
		{"the grace is missing", afterKill(`update kills set until = until - 120000000`)},
		{"half of the grace is missing", afterKill(`update kills set until = until - 60000000`)},
		{"the lifetime is a built-in one", afterKill(`update kills set until = until - (437 - 300) * 1000000`)},
		{"a lifetime that was raised is not seen", afterKill(`update kills set until = until - (50 * 60 - 437) * 1000000
			where (select max_ttl from feed_head) = 50 * 60`)},
		{"until counts from the decision", died(func(b *broken, batch []tokens.Death, ended []tokens.Ended, _ uint64) []tokens.Ended {
			b.sql(`update kills set until = ? where seq = (select max(seq) from kills)`,
				batch[0].At.Add(maxTTL+2*time.Minute).UnixMicro())
			return ended
		})},
		{"until is far away", afterKill(`update kills set until = 253402300799000000`)},
		{"a raised epoch is forgotten early", afterKill(`update kills set until = until - 300000000 where kind = 'sub'`)},
	},
	"nothing ends while there is no head to order it": {
		{"the session ends and nobody hears of it", func(b *broken) {
			b.end = func(ctx context.Context, batch []tokens.Death, mark uint64) ([]tokens.Ended, error) {
				ended, err := b.Store.End(ctx, batch, mark)
				if err != nil {
					b.sql(`update sessions set ended_at = 1, end_reason = 'logout'`)
					return victims(batch), nil
				}
				return ended, nil
			}
		}},
		{"half-committed: the error comes after the end", func(b *broken) {
			b.end = func(ctx context.Context, batch []tokens.Death, mark uint64) ([]tokens.Ended, error) {
				ended, err := b.Store.End(ctx, batch, mark)
				if err != nil {
					b.sql(`update sessions set ended_at = 1, end_reason = 'logout'`)
				}
				return ended, err
			}
		}},
		{"an epoch rises and nobody hears of it", func(b *broken) {
			b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
				applied, err := b.Store.ChangeUser(ctx, c, mark)
				if err != nil && c.RaiseEpoch {
					b.sql(`update users set epoch = epoch + 1, row_version = row_version + 1`)
					return true, nil
				}
				return applied, err
			}
		}},
	},
}

var errDefect = errors.New("a defect's own error")
