package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/authd/authd/internal/revocation"
)

// The primary key of kills serves this; at most one row.
const selectPlace = `
select mark
  from kills
 where seq = ?1`

// The primary key of kills serves this: a range of it, in order.
const selectFeed = `
select seq, kind, subject, value, until, mark
  from kills
 where seq > ?1
 order by seq
 limit ?2`

// shrinkMemory gives back the pages that a connection has kept. Those of a long reading are not read
// again, and would stay: 4 MiB for each connection.
const shrinkMemory = `
pragma shrink_memory`

const manyEntries = 4096

// Follow implements [revocation.Store]. The clock is read before the head: what was acknowledged before
// it, this one process or another had committed before, so it is in.
func (s *Store) Follow(ctx context.Context, after int64, limit int) (revocation.Reading, error) {
	r := revocation.Reading{Clock: s.clock()}
	err := s.snapshot(ctx, "follow the feed", func(ctx context.Context, l *link) (err error) {
		r.Head, err = one(ctx, l, selectHead, scanHead)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoHead
		}
		if err != nil {
			return err
		}
		r.Head.AsOf = r.Clock
		marks, err := all(ctx, l, selectPlace, scanMark, after)
		if err != nil {
			return err
		}
		for _, r.Mark = range marks {
			r.Found = true
		}
		columns := newFeedColumns()
		err = each(ctx, l, selectFeed, func(row row) error {
			if len(r.Entries) == 64 { // there will be many: once, instead of doubling
				r.Entries = slices.Grow(r.Entries, max(limit-64, 0))
			}
			e, err := columns.scan(row)
			r.Entries = append(r.Entries, e)
			return err
		}, after, max(limit, 0))
		if err == nil && len(r.Entries) >= manyEntries {
			_, err = l.exec(ctx, shrinkMemory)
		}
		return err
	})
	if err != nil {
		return revocation.Reading{}, err
	}
	return r, nil
}

// feedColumns are what the columns of one row after another are read into as they come: a million of
// them stand between a start and the first answer, and columns that convert themselves, made for each
// row, are a third of the time that they take.
type feedColumns struct {
	seq, kind, value, until, mark any
	subject                       sql.RawBytes
	all                           [6]any
}

func newFeedColumns() *feedColumns {
	c := &feedColumns{}
	c.all = [...]any{&c.seq, &c.kind, &c.subject, &c.value, &c.until, &c.mark}
	return c
}

func (c *feedColumns) scan(r row) (e revocation.Entry, err error) {
	if err := r.Scan(c.all[:]...); err != nil {
		return e, err
	}
	// The table is strict: integers are integers. What is no number reads as 0, which no entry has.
	number := func(column any) int64 { n, _ := column.(int64); return n }
	kind, _ := c.kind.(string)
	if err := bytesColumn(e.Subject[:]).Scan([]byte(c.subject)); err != nil {
		return e, err
	}
	e.Kind, e.Value, e.Seq = revocation.Kind(kind), number(c.value), number(c.seq)
	e.Until, e.Mark = time.UnixMicro(number(c.until)).UTC(), uint64(number(c.mark))
	return e, nil
}

func scanMark(r row) (mark uint64, err error) {
	err = r.Scan(uintColumn[uint64]{&mark})
	return mark, err
}

// Vouch implements [revocation.Store]. There is nothing to write: the clock that [Store.Follow] reads is
// that of whoever commits.
func (s *Store) Vouch(context.Context, time.Time) error { return nil }

// A range of the primary key, from its beginning: the oldest come first, and so do those that ran out.
const selectCollectable = `
select seq
  from kills
 where seq <= (select seq - ?2 from feed_head where singleton = 1)
   and until < ?1
   and kind <> 'kid'
 order by seq
 limit ?3`

// The primary key of kills serves this, once for each number.
const deleteKills = `
delete from kills
 where seq in (select value from json_each(?1))
   and until < ?2
   and kind <> 'kid'`

// CollectKills implements [revocation.Store]. It looks for them as a reader: the one writer is held for
// the deletion alone.
func (s *Store) CollectKills(ctx context.Context, before time.Time, keep int64, limit int) (int, error) {
	var found []int64
	err := s.read(ctx, "look for kills to collect", func(ctx context.Context, l *link) (err error) {
		found, err = all(ctx, l, selectCollectable, scanInt, before.UnixMicro(), keep, max(limit, 0))
		return err
	})
	if err != nil || len(found) == 0 {
		return 0, err
	}
	list, err := json.Marshal(found)
	if err != nil {
		return 0, fmt.Errorf("collect kills: %w", err)
	}
	var deleted int64
	err = s.write(ctx, "collect kills", func(ctx context.Context, l *link) (err error) {
		deleted, err = l.exec(ctx, deleteKills, string(list), before.UnixMicro())
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(deleted), nil
}
