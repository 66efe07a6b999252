package sqlite

import (
	"context"
	"net/netip"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

// The primary key of throttles serves this; at most one row.
const selectCounters = `
select failures, counted_at, row_version
  from throttles
 where account = ?1
   and source = ?2`

// sessions_login_net serves this from its end, so one row is read, however many logins there were.
const selectLastOpened = `
select created_at
  from sessions
 where user_id = ?1
   and login_net = ?2
 order by created_at desc
 limit 1`

// The primary key of throttles serves this; at most one row.
const swapCounters = `
update throttles
   set failures = ?3,
       counted_at = ?4,
       row_version = row_version + 1
 where account = ?1
   and source = ?2
   and row_version = ?5`

// The primary key of throttles decides who came first.
const insertCounter = `
insert into throttles (account, source, failures, counted_at, row_version)
values (?1, ?2, ?3, ?4, 1)
on conflict do nothing`

// The primary key of throttles serves this by its first column.
const clearCounters = `
update throttles
   set failures = 0,
       row_version = row_version + 1
 where account = ?1
   and failures > 0`

// throttles_counted_at serves the choice, the primary key the deletion.
const deleteCounters = `
delete from throttles
 where (account, source) in (
       select account, source
         from throttles
        where counted_at < ?1
        order by counted_at
        limit ?2)`

// Counters implements [accounts.CounterStore].
func (s *Store) Counters(ctx context.Context, keys []accounts.CounterKey, user auth.UserID, network netip.Prefix) (
	counters []accounts.Counter, opened, clock time.Time, err error,
) {
	clock = s.clock()
	counters = make([]accounts.Counter, len(keys))
	err = s.snapshot(ctx, "read counters", func(ctx context.Context, l *link) error {
		for i, key := range keys {
			c := &counters[i]
			c.CounterKey = key
			err := each(ctx, l, selectCounters, func(r row) error {
				return r.Scan(&c.Failures, (*timeColumn)(&c.At), &c.Version)
			}, keyBytes(key.Account), keyBytes(key.Source))
			if err != nil {
				return err
			}
		}
		return each(ctx, l, selectLastOpened, func(r row) error {
			return r.Scan((*timeColumn)(&opened))
		}, user[:], networkText(network))
	})
	if err != nil {
		return nil, time.Time{}, time.Time{}, err
	}
	return counters, opened, clock, nil
}

// SwapCounters implements [accounts.CounterStore].
func (s *Store) SwapCounters(ctx context.Context, counters []accounts.Counter) (swapped []bool, err error) {
	swapped = make([]bool, len(counters))
	err = s.write(ctx, "swap counters", func(ctx context.Context, l *link) error {
		for i, c := range counters {
			arguments := []any{keyBytes(c.Account), keyBytes(c.Source), c.Failures, micros(c.At)}
			statement := insertCounter
			if c.Version > 0 {
				statement, arguments = swapCounters, append(arguments, c.Version)
			}
			rows, err := l.exec(ctx, statement, arguments...)
			if err != nil {
				return err
			}
			swapped[i] = rows > 0
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return swapped, nil
}

// ClearCounters implements [accounts.CounterStore].
func (s *Store) ClearCounters(ctx context.Context, account [16]byte) (int, error) {
	return s.affected(ctx, "clear counters", clearCounters, keyBytes(account))
}

// CollectCounters implements [accounts.CounterStore].
func (s *Store) CollectCounters(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.affected(ctx, "collect counters", deleteCounters, before.UnixMicro(), max(limit, 0)) // below 0 would be: no limit
}

// affected runs one statement and returns how many rows it wrote.
func (s *Store) affected(ctx context.Context, doing, statement string, arguments ...any) (int, error) {
	var rows int64
	err := s.write(ctx, doing, func(ctx context.Context, l *link) (err error) {
		rows, err = l.exec(ctx, statement, arguments...)
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(rows), nil
}

// networkText is a network as a column; empty for none.
func networkText(network netip.Prefix) string {
	if !network.IsValid() {
		return ""
	}
	return network.String()
}

// keyBytes is half a key of a counter as a column; empty for none. The bytes are a copy.
func keyBytes(half [16]byte) []byte {
	if half == [16]byte{} {
		return []byte{}
	}
	return half[:]
}
