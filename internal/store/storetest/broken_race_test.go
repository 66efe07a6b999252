package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// oneIn breaks every nth call of each method that writes sessions.
func oneIn(n int32, breaks func(*broken)) func(*broken) {
	return func(b *broken) {
		good, bad := *b, *b
		breaks(&bad)
		var rotates, ends, changes atomic.Int32
		turn := func(calls *atomic.Int32) *broken {
			if calls.Add(1)%n == 0 {
				return &bad
			}
			return &good
		}
		b.rotate = func(ctx context.Context, batch []tokens.Rotation) ([]auth.SessionID, error) {
			return turn(&rotates).rotate(ctx, batch)
		}
		b.end = func(ctx context.Context, batch []tokens.Death, mark uint64) ([]tokens.Ended, error) {
			return turn(&ends).end(ctx, batch, mark)
		}
		b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
			return turn(&changes).changeUser(ctx, c, mark)
		}
	}
}

// deadlocks reports what the database says, as it says it, after nothing was written.
func deadlocks(b *broken) {
	errDeadlock := errors.New("deadlock detected (40P01)")
	b.rotate = func(context.Context, []tokens.Rotation) ([]auth.SessionID, error) { return nil, errDeadlock }
	b.end = func(context.Context, []tokens.Death, uint64) ([]tokens.Ended, error) { return nil, errDeadlock }
	b.changeUser = func(context.Context, tokens.UserChange, uint64) (bool, error) { return false, errDeadlock }
}

// conflicts never ends in anything else.
func conflicts(b *broken) {
	b.rotate = func(context.Context, []tokens.Rotation) ([]auth.SessionID, error) {
		return nil, tokens.ErrWriteConflict
	}
}

// loseKill ends sessions and forgets one kill, leaving no gap.
var loseKill = died(func(b *broken, _ []tokens.Death, ended []tokens.Ended, mark uint64) []tokens.Ended {
	b.sql(`update kills set subject = x'000000000000000000000000' where mark = ?`, int64(mark))
	return ended
})

// late ends sessions, and lets their entries be seen when others have read beyond them.
func (b *broken) late(ctx context.Context, batch []tokens.Death, mark uint64) ([]tokens.Ended, error) {
	b.sql(fmt.Sprintf(`create trigger late_%d after insert on kills when new.mark = %d
		begin update kills set seq = -seq where seq = new.seq; end`, mark, int64(mark)))
	ended, err := b.Store.End(ctx, batch, mark)
	for until, began := b.looks.Load()+3, time.Now(); b.looks.Load() < until && time.Since(began) < 5*time.Second; {
		runtime.Gosched()
	}
	b.sql(fmt.Sprintf(`drop trigger late_%d`, mark))
	b.sql(`update kills set seq = -seq where mark = ?`, int64(mark))
	return ended, err
}

var raceDefects = map[string][]defect{
	"B9: of a hundred rotations of one session at once exactly one wins": {
		{"lost update: the version is ignored", lostUpdate},
		{"double winner: losers are told that they won", doubleWinner},
		{"check, then write: right for one client at a time", checkThenWrite},
		{"nobody is told that they won", rotated(func(*broken, []tokens.Rotation, []auth.SessionID) []auth.SessionID { return nil })},
		{"every attempt is a conflict", conflicts},
	},
	"B9: batches that race over the same sessions give each session one winner": {
		{"lost update", lostUpdate},
		{"double winner", doubleWinner},
		{"check, then write", checkThenWrite},
		{"the winner is told of a part", rotated(func(_ *broken, _ []tokens.Rotation, written []auth.SessionID) []auth.SessionID {
			return written[:len(written)/2]
		})},
	},
	"many who end one session at once end it once": {
		{"all are told that they ended it", endsAll},
		{"a kill each", died(func(b *broken, _ []tokens.Death, ended []tokens.Ended, _ uint64) []tokens.Ended {
			b.sql(repeatNewest + ` on conflict do nothing; ` + headFollows)
			return ended
		})},
		{"nobody is told that they ended it", died(func(*broken, []tokens.Death, []tokens.Ended, uint64) []tokens.Ended { return nil })},
	},
	"of many changes decided on one version exactly one is applied": {
		{"the version is ignored", ignoreVersion},
		{"losers are told that they won", changed(func(*broken, tokens.UserChange, bool, uint64) bool { return true })},
		{"losers leave their sessions", refusedHalf(func(c tokens.UserChange) tokens.UserChange { return tokens.UserChange{Open: c.Open} })},
		{"losers set their passwords", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			if !applied {
				b.sql(`update users set password_hash = ?`, c.PasswordHash)
			}
			return applied
		})},
	},
	"a session and its owner are read at one moment, a hash and its epoch too": {
		{"owners are read after their sessions", func(b *broken) {
			b.loadSessions = func(ctx context.Context, ids []auth.SessionID) ([]tokens.Loaded, time.Time, error) {
				rows, clock, err := b.Store.LoadSessions(ctx, ids)
				b.meanwhile(len(rows) > 1)
				for i := range rows {
					rows[i].Owner, _, _, _, err = b.Store.LoadUser(ctx, rows[i].User)
				}
				return rows, clock, err
			}
		}},
		{"sessions are listed before their user is read", func(b *broken) {
			b.loadUser = func(ctx context.Context, id auth.UserID) (tokens.User, []tokens.Session, time.Time, bool, error) {
				_, list, _, _, _ := b.Store.LoadUser(ctx, id)
				b.meanwhile(b.second)
				user, _, clock, found, err := b.Store.LoadUser(ctx, id)
				return user, list, clock, found, err
			}
		}},
		{"the hash is read before the epoch", func(b *broken) {
			b.credentials = func(ctx context.Context, name string) (accounts.Credentials, int, bool, error) {
				before, _, _, _ := b.Store.CredentialsByName(ctx, name)
				b.meanwhile(b.second)
				c, cost, found, err := b.Store.CredentialsByName(ctx, name)
				c.PasswordHash = before.PasswordHash
				return c, cost, found, err
			}
		}},
	},
	"C14: a follower right behind concurrent writers misses nothing": {
		{"a skipped sequence number", oneIn(5, afterDeath(`update kills set seq = seq + 1 where seq = (select max(seq) from kills); `+headFollows))},
		{"a repeated sequence number", oneIn(5, afterDeath(`delete from kills where seq = (select max(seq) - 1 from kills);
			update kills set seq = seq - 1 where seq = (select max(seq) from kills); `+headFollows))},
		{"a serial: an entry comes late, with a low number", func(b *broken) {
			var once sync.Once
			b.end = func(ctx context.Context, batch []tokens.Death, mark uint64) (ended []tokens.Ended, err error) {
				write := b.Store.End
				once.Do(func() { write = b.late })
				return write(ctx, batch, mark)
			}
		}},
		{"the head is behind its entries", oneIn(3, afterKill(`update feed_head set seq = seq - 1`))},
		{"the head's mark is an older one", afterKill(`update feed_head set mark = 1`)},
		{"an entry is deleted", oneIn(7, afterDeath(`delete from kills where seq = 2`))},
	},
	"until never falls along the feed, whoever waited for the head": {
		{"the clock is read before the head is held", oneIn(2, afterKill(`update kills set until = until - 30000
			where seq = (select max(seq) from kills)`))},
	},
	"G7: ends, changes and rotations of the same sessions at once leave everything whole": {
		{"a deadlock is shown as it is", oneIn(3, deadlocks)},
		{"every rotation is a conflict", conflicts},
		{"a kill is lost now and then", oneIn(2, loseKill)},
		{"an end is lost now and then", oneIn(2, afterDeath(`update sessions set ended_at = null, end_reason = null
			where ended_at = (select max(ended_at) from sessions)`))},
		{"an epoch has no entry now and then", func(b *broken) {
			b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
				raise := c.RaiseEpoch
				c.RaiseEpoch = false
				applied, err := b.Store.ChangeUser(ctx, c, mark)
				if applied && raise {
					b.sql(`update users set epoch = epoch + 1 where user_id = ?`, c.User[:])
				}
				return applied, err
			}
		}},
		{"what was ended comes back to life", func(b *broken) {
			b.rotate = func(ctx context.Context, batch []tokens.Rotation) ([]auth.SessionID, error) {
				b.sql(`update sessions set ended_at = null`)
				return b.Store.Rotate(ctx, batch)
			}
		}},
	},
	"histories of loads, rotations and ends can be put in one order": {
		{"reads come from a replica that is behind", func(b *broken) { // G18
			var before atomic.Pointer[[]tokens.Loaded]
			b.loadSessions = func(ctx context.Context, ids []auth.SessionID) ([]tokens.Loaded, time.Time, error) {
				rows, clock, err := b.Store.LoadSessions(ctx, ids)
				if len(ids) < 2 || len(rows) < len(ids) {
					return rows, clock, err
				}
				stale := before.Swap(&rows)
				if stale == nil || (*stale)[0].User != rows[0].User {
					return rows, clock, err
				}
				return *stale, clock, err
			}
		}},
		{"lost update", lostUpdate},
		{"double winner", doubleWinner},
		{"check, then write", checkThenWrite},
		{"a rotation wins after the end", untilEnd},
		{"a rotation is written and reported as lost", oneIn(5, rotated(func(*broken, []tokens.Rotation, []auth.SessionID) []auth.SessionID { return nil }))},
		{"many end one session", endsAll},
	},
}
