package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authd/authd/internal/revocation"
)

// kills_kind_subject serves this, once for each distinct key.
const selectKills = `
select k.seq, k.kind, k.subject, k.value, k.until, k.mark
  from (select distinct w.kind, w.subject
          from unnest($1::text[], $2::bytea[]) as w (kind, subject)) w
  join kills k on k.kind = any(array[w.kind])
              and k.subject = any(array[w.subject])`

// advanceHead is the end of every statement that adds entries, and the only text that writes kills.
// What stands before it names, as tables, the entries in their order and the stamp that all of them
// get (a random mark, and the seconds that are added to the longest lifetime).
//
// Whoever updates the head holds it until the commit, so numbers are given in the order of commits and
// a transaction that fails gives its numbers back. RETURNING is evaluated once the lock is there, also
// after a wait: the clock and the lifetime that make until are read under the head. Without a head the
// place of an entry is null, which its column refuses: nothing ends without its kill.
const advanceHead = `
head as (
update feed_head h
   set seq = h.seq + (select count(*) from entries),
       mark = (select mark from stamp),
       as_of = greatest(h.as_of, clock_timestamp())
 where h.singleton = 1
   and exists (select from entries)
returning h.seq, h.max_ttl, clock_timestamp() as clock),
added as (
insert into kills (seq, kind, subject, value, until, mark)
select h.seq - (select count(*) from entries) + row_number() over (order by e.place),
       e.kind,
       e.subject,
       e.value,
       h.clock + (h.max_ttl + p.grace) * interval '1 second',
       p.mark
  from entries e
 cross join stamp p
  left join head h on true)`

// feed_head_pkey serves this.
const insertKills = `
with stamp as (
select $1::bigint as mark, $2::bigint as grace),
entries as (
select e.kind, e.subject, e.value, e.place
  from unnest($3::text[], $4::bytea[], $5::bigint[]) with ordinality as e (kind, subject, value, place)),` +
	advanceHead + `
select count(*) from entries`

// queueKills adds entries to the feed, in their order. The head is held from here to the commit, so
// the commit must be in the same message.
func queueKills(b *pgx.Batch, kills []revocation.Kill, mark uint64) {
	kinds, subjects, values := make([]string, len(kills)), make([][]byte, len(kills)), make([]int64, len(kills))
	for i := range kills {
		kinds[i], subjects[i], values[i] = string(kills[i].Kind), kills[i].Subject[:], kills[i].Value
	}
	b.Queue(insertKills, int64(mark), grace, kinds, subjects, values)
}

// grace is what an until adds to the longest lifetime, in seconds.
const grace = int64(revocation.Grace / time.Second)

// AddKills implements [tokens.Store].
func (s *Store) AddKills(ctx context.Context, kills []revocation.Kill, mark uint64) error {
	if len(kills) == 0 {
		return nil
	}
	b := s.newMessage()
	queueKills(b, kills, mark)
	return s.send(ctx, "add kills", b)
}

// Kills implements [tokens.Store].
func (s *Store) Kills(ctx context.Context, keys []revocation.Key) (entries []revocation.Entry, clock time.Time, err error) {
	b := s.newReading(&clock)
	if len(keys) > 0 {
		kinds, subjects := make([]string, len(keys)), make([][]byte, len(keys))
		for i := range keys {
			kinds[i], subjects[i] = string(keys[i].Kind), keys[i].Subject[:]
		}
		b.Queue(selectKills, kinds, subjects).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				entry, err := scanEntry(rows)
				if err != nil {
					return err
				}
				entries = append(entries, entry)
			}
			return rows.Err()
		})
	}
	if err := s.send(ctx, "look up kills", b); err != nil {
		return nil, time.Time{}, err
	}
	return entries, clock, nil
}

func scanEntry(row pgx.Row) (e revocation.Entry, err error) {
	var subject []byte
	var mark int64
	if err := row.Scan(&e.Seq, (*string)(&e.Kind), &subject, &e.Value, (*instant)(&e.Until), &mark); err != nil {
		return e, err
	}
	if len(subject) != len(e.Subject) {
		return e, fmt.Errorf("%d bytes where a subject has %d", len(subject), len(e.Subject))
	}
	e.Subject, e.Mark = revocation.Subject(subject), uint64(mark)
	return e, nil
}
