package postgres

import (
	"bytes"
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

// throttles_pkey serves this, once for each key.
const selectCounters = `
select t.account, t.source, t.failures, t.counted_at, t.row_version
  from unnest($1::bytea[], $2::bytea[]) as k (account, source)
  join throttles t on t.account = any(array[k.account]) and t.source = any(array[k.source])`

// sessions_login_net serves this from its end, so one row is read, however many logins there were.
const selectLastOpened = `
select s.created_at
  from sessions s
 where s.user_id = $1
   and s.login_net = $2
 order by s.created_at desc
 limit 1`

// throttles_pkey serves this, once for each element, in the order of the arrays. A row that is gone is
// not made again by who has read it: only version 0 adds one.
const swapCounters = `
with wanted as (
select w.account, w.source, w.failures, w.counted_at, w.row_version
  from unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::timestamptz[], $5::bigint[])
    as w (account, source, failures, counted_at, row_version)),
changed as (
update throttles t
   set failures = w.failures,
       counted_at = w.counted_at,
       row_version = t.row_version + 1
  from wanted w
 where t.account = any(array[w.account])
   and t.source = any(array[w.source])
   and t.row_version = w.row_version
returning t.account, t.source),
added as (
insert into throttles as t (account, source, failures, counted_at, row_version)
select w.account, w.source, w.failures, w.counted_at, 1
  from wanted w
 where w.row_version = 0
on conflict do nothing
returning t.account, t.source)
select c.account, c.source
  from changed c
 union all
select a.account, a.source
  from added a`

// throttles_pkey serves this by its first column.
const clearCounters = `
update throttles t
   set failures = 0,
       row_version = t.row_version + 1
 where t.account = $1
   and t.failures > 0`

// throttles_counted_at finds them, oldest first; throttles_pkey deletes them. The bound is asked again:
// one that is counted meanwhile stays.
const deleteCounters = `
delete from throttles t
 using (
       select o.account, o.source
         from throttles o
        where o.counted_at < $1
        order by o.counted_at
        limit $2) d
 where t.account = any(array[d.account])
   and t.source = any(array[d.source])
   and t.counted_at < $1`

// Counters implements [accounts.CounterStore].
func (s *Store) Counters(ctx context.Context, keys []accounts.CounterKey, user auth.UserID, network netip.Prefix) (
	counters []accounts.Counter, opened, clock time.Time, err error,
) {
	counters = make([]accounts.Counter, len(keys))
	owners, sources := make([][]byte, len(keys)), make([][]byte, len(keys))
	for i := range keys {
		counters[i].CounterKey = keys[i]
		owners[i], sources[i] = keyBytes(keys[i].Account), keyBytes(keys[i].Source)
	}
	b := s.newReading(&clock)
	b.Queue(selectCounters, owners, sources).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var c accounts.Counter
			err := rows.Scan((*keyColumn)(&c.Account), (*keyColumn)(&c.Source), &c.Failures, (*instant)(&c.At), &c.Version)
			if err != nil {
				return err
			}
			for i := range counters {
				if counters[i].CounterKey == c.CounterKey {
					counters[i] = c
				}
			}
		}
		return rows.Err()
	})
	if !user.IsZero() && network.IsValid() {
		b.Queue(selectLastOpened, uuid(user), networkText(network)).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if err := rows.Scan((*instant)(&opened)); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
	if err := s.send(ctx, "read counters", b); err != nil {
		return nil, time.Time{}, time.Time{}, err
	}
	return counters, opened, clock, nil
}

// SwapCounters implements [accounts.CounterStore]. Keys are sorted, so that two who swap the same ones
// lock them in one order.
func (s *Store) SwapCounters(ctx context.Context, counters []accounts.Counter) (swapped []bool, err error) {
	n := len(counters)
	if swapped = make([]bool, n); n == 0 {
		return swapped, nil
	}
	sorted := slices.SortedFunc(slices.Values(counters), func(a, b accounts.Counter) int {
		return cmp.Or(bytes.Compare(a.Account[:], b.Account[:]), bytes.Compare(a.Source[:], b.Source[:]))
	})
	owners, sources := make([][]byte, n), make([][]byte, n)
	failures, versions, at := make([]int64, n), make([]int64, n), make([]time.Time, n)
	for i, c := range sorted {
		owners[i], sources[i] = keyBytes(c.Account), keyBytes(c.Source)
		failures[i], versions[i], at[i] = int64(c.Failures), c.Version, c.At
	}
	b := s.newMessage()
	b.Queue(swapCounters, owners, sources, failures, at, versions).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var key accounts.CounterKey
			if err := rows.Scan((*keyColumn)(&key.Account), (*keyColumn)(&key.Source)); err != nil {
				return err
			}
			i := slices.IndexFunc(counters, func(c accounts.Counter) bool { return c.CounterKey == key })
			swapped[i] = true
		}
		return rows.Err()
	})
	if err := s.send(ctx, "swap counters", b); err != nil {
		return nil, err
	}
	return swapped, nil
}

// ClearCounters implements [accounts.CounterStore].
func (s *Store) ClearCounters(ctx context.Context, account [16]byte) (cleared int, err error) {
	return s.affected(ctx, "clear counters", clearCounters, keyBytes(account))
}

// CollectCounters implements [accounts.CounterStore].
func (s *Store) CollectCounters(ctx context.Context, before time.Time, limit int) (deleted int, err error) {
	if limit <= 0 {
		return 0, nil
	}
	return s.affected(ctx, "collect counters", deleteCounters, before, limit)
}

// affected runs one statement and returns how many rows it wrote.
func (s *Store) affected(ctx context.Context, doing, statement string, arguments ...any) (rows int, err error) {
	b := s.newMessage()
	b.Queue(statement, arguments...).Exec(func(tag pgconn.CommandTag) error {
		rows = int(tag.RowsAffected())
		return nil
	})
	if err := s.send(ctx, doing, b); err != nil {
		return 0, err
	}
	return rows, nil
}
