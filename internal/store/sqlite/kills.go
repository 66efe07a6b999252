package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/authd/authd/internal/revocation"
)

// kills_kind_subject serves this: one look-up for every key. The list is gone through first, whatever
// the planner makes of the sizes: that is what cross join says in SQLite.
const selectKills = `
select k.seq, k.kind, k.subject, k.value, k.until, k.mark
  from (select distinct value ->> 0 as kind, unhex(value ->> 1) as subject from json_each(?1)) wanted
 cross join kills k on k.kind = wanted.kind and k.subject = wanted.subject`

// AddKills implements [tokens.Store].
func (s *Store) AddKills(ctx context.Context, kills []revocation.Kill, mark uint64) error {
	if len(kills) == 0 {
		return nil
	}
	return s.write(ctx, "add kills", func(ctx context.Context, l *link) error {
		return s.addKills(ctx, l, kills, mark)
	})
}

// Kills implements [tokens.Store].
func (s *Store) Kills(ctx context.Context, keys []revocation.Key) ([]revocation.Entry, time.Time, error) {
	clock := s.clock()
	var entries []revocation.Entry
	err := s.read(ctx, "read kills", func(ctx context.Context, l *link) (err error) {
		entries, err = all(ctx, l, selectKills, scanEntry, keyList(keys))
		return err
	})
	return entries, clock, err
}

func scanEntry(r row) (e revocation.Entry, err error) {
	err = r.Scan(&e.Seq, &e.Kind, bytesColumn(e.Subject[:]), &e.Value, (*timeColumn)(&e.Until), uintColumn[uint64]{&e.Mark})
	return e, err
}

// The primary key of feed_head serves this; one row, or none before RaiseHead.
const selectHead = `
select feed_id, seq, mark, max_ttl, as_of, keyring_version, jwks_max_age
  from feed_head
 where singleton = 1`

func scanHead(r row) (h revocation.Head, err error) {
	var maxTTL, maxAge int64
	err = r.Scan(&h.FeedID, &h.Seq, uintColumn[uint64]{&h.Mark}, &maxTTL, (*timeColumn)(&h.AsOf), &h.KeyringVersion, &maxAge)
	h.MaxTTL, h.JWKSMaxAge = time.Duration(maxTTL)*time.Second, time.Duration(maxAge)*time.Second
	return h, err
}

// The primary key of kills takes it: seq is the head's next, so a place is never filled twice.
const insertKills = `
insert into kills (seq, kind, subject, value, until, mark)
values (?1, ?2, ?3, ?4, ?5, ?6)`

// The primary key of feed_head serves this; one row.
const advanceHead = `
update feed_head
   set seq = ?1,
       mark = ?2,
       as_of = ?3
 where singleton = 1`

// errNoHead refuses what could not be told to anybody.
var errNoHead = errors.New("the feed has no head: it is made when the service starts")

// addKills is the one place that adds entries. Its caller holds the write lock, which on SQLite is the
// head: nobody else reads a seq that this transaction may still use, so the order of seq is the order
// of commits. Without kills it leaves the head alone.
func (s *Store) addKills(ctx context.Context, l *link, kills []revocation.Kill, mark uint64) error {
	if len(kills) == 0 {
		return nil
	}
	head, err := one(ctx, l, selectHead, scanHead)
	if errors.Is(err, sql.ErrNoRows) {
		return errNoHead
	}
	if err != nil {
		return err
	}
	clock := s.clock()
	until := revocation.Until(clock, head.MaxTTL)
	for i := range kills {
		k := &kills[i]
		head.Seq++
		_, err := l.exec(ctx, insertKills, head.Seq, string(k.Kind), k.Subject[:], k.Value, micros(until), int64(mark))
		if err != nil {
			return err
		}
	}
	if clock.After(head.AsOf) { // a clock that went back must not take back what was promised
		head.AsOf = clock
	}
	_, err = l.exec(ctx, advanceHead, head.Seq, int64(mark), micros(head.AsOf))
	return err
}
