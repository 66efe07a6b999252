package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/authd/authd/internal/revocation"
)

// followFeed is one statement, so that head and entries are of one snapshot: two would skip what commits
// between them. Its rows are of four shapes, told apart by the first column, because a million entries
// that each repeat the head cost more than the entries.
//
// feed_head_pkey serves the first two, kills_pkey the others: the entries are a range of it, in order.
const followFeed = `
select 'head' as shape, h.seq, convert_to(h.feed_id, 'UTF8') as subject, h.max_ttl as value, h.as_of as until, h.mark
  from feed_head h
 where h.singleton = 1
 union all
select 'keys', h.keyring_version, null, h.jwks_max_age, null, null
  from feed_head h
 where h.singleton = 1
 union all
select 'place', k.seq, null, null, null, k.mark
  from kills k
 where k.seq = $1
 union all
(select k.kind, k.seq, k.subject, k.value, k.until, k.mark
  from kills k
 where k.seq > $1
 order by k.seq
 limit $2)`

// errNoHead refuses to follow what has no order yet.
var errNoHead = errors.New("the feed has no head: it is made when the service starts")

// Follow implements [revocation.Store].
func (s *Store) Follow(ctx context.Context, after int64, limit int) (revocation.Reading, error) {
	var r revocation.Reading
	headed := false
	b := s.newReading(&r.Clock)
	b.Queue(followFeed, after, limit).Query(func(rows pgx.Rows) error {
		raw := areBinary(rows.FieldDescriptions()[1:])
		for rows.Next() {
			if len(r.Entries) == 64 { // there will be many: once, instead of doubling
				r.Entries = slices.Grow(r.Entries, max(limit-64, 0))
			}
			if raw && appendEntry(&r, rows.RawValues()) {
				continue
			}
			shape, err := scanFeed(rows, &r)
			if err != nil {
				return err
			}
			headed = headed || shape == "head"
		}
		return rows.Err()
	})
	if err := s.send(ctx, "follow the feed", b); err != nil {
		return revocation.Reading{}, err
	}
	if !headed {
		return revocation.Reading{}, errNoHead
	}
	return r, nil
}

// areBinary reports whether columns come in PostgreSQL's binary form. Behind a pooler that keeps no
// prepared statements they come as text. Text itself, which pgx asks for as text, is the same in both.
func areBinary(columns []pgconn.FieldDescription) bool {
	return !slices.ContainsFunc(columns, func(c pgconn.FieldDescription) bool { return c.Format != pgx.BinaryFormatCode })
}

// epochOfPostgres is what timestamps are counted from, in microseconds.
var epochOfPostgres = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// appendEntry reads a row that is an entry without an allocation: a million of them stand between a
// start and the first answer. It leaves any other row to scanFeed.
func appendEntry(r *revocation.Reading, raw [][]byte) bool {
	var kind revocation.Kind
	switch string(raw[0]) {
	case string(revocation.Sid):
		kind = revocation.Sid
	case string(revocation.Jti):
		kind = revocation.Jti
	case string(revocation.Sub):
		kind = revocation.Sub
	default:
		return false
	}
	if len(raw[2]) != len(revocation.Subject{}) || len(raw[1]) != 8 || len(raw[3]) != 8 || len(raw[4]) != 8 || len(raw[5]) != 8 {
		return false
	}
	number := binary.BigEndian.Uint64
	r.Entries = append(r.Entries, revocation.Entry{
		Kill:  revocation.Kill{Key: revocation.Key{Kind: kind, Subject: revocation.Subject(raw[2])}, Value: int64(number(raw[3]))},
		Seq:   int64(number(raw[1])),
		Until: time.UnixMicro(int64(number(raw[4])) + epochOfPostgres).UTC(),
		Mark:  number(raw[5]),
	})
	return true
}

func scanFeed(row pgx.Row, r *revocation.Reading) (shape string, err error) {
	var seq int64
	var subject []byte
	var value, mark *int64
	var until time.Time
	if err := row.Scan(&shape, &seq, &subject, &value, (*instant)(&until), &mark); err != nil {
		return "", err
	}
	switch shape {
	case "head":
		r.Head.FeedID, r.Head.Seq, r.Head.Mark = string(subject), seq, uint64(*mark)
		r.Head.MaxTTL, r.Head.AsOf = time.Duration(*value)*time.Second, until
	case "keys":
		r.Head.KeyringVersion, r.Head.JWKSMaxAge = seq, time.Duration(*value)*time.Second
	case "place":
		r.Found, r.Mark = true, uint64(*mark)
	default:
		if len(subject) != len(revocation.Subject{}) {
			return "", fmt.Errorf("%d bytes where a subject has %d", len(subject), len(revocation.Subject{}))
		}
		r.Entries = append(r.Entries, revocation.Entry{
			Kill: revocation.Kill{Key: revocation.Key{Kind: revocation.Kind(shape), Subject: revocation.Subject(subject)}, Value: *value},
			Seq:  seq, Until: until, Mark: uint64(*mark),
		})
	}
	return shape, nil
}

// feed_head_pkey serves this. Of those who saw the same as_of, whoever comes second finds another one.
// RETURNING and SET are evaluated under the row's lock, so whatever was acknowledged before this clock
// was read is in the head that gets it.
const vouchFeed = `
update feed_head h
   set as_of = greatest(h.as_of, clock_timestamp())
 where h.singleton = 1
   and h.as_of = $1`

// Vouch implements [revocation.Store].
func (s *Store) Vouch(ctx context.Context, seen time.Time) error {
	b := s.newMessage()
	b.Queue(vouchFeed, timestamp(seen))
	return s.send(ctx, "vouch for the feed", b)
}

// A range of kills_pkey, from its beginning: the oldest come first, and so do those that ran out.
const collectKills = `
delete from kills k
 where k.seq = any(array(
       select c.seq
         from kills c
        where c.seq <= (select h.seq - $2::bigint from feed_head h where h.singleton = 1)
          and c.until < $1
          and c.kind <> 'kid'
        order by c.seq
        limit greatest($3::bigint, 0)))`

// CollectKills implements [revocation.Store].
func (s *Store) CollectKills(ctx context.Context, before time.Time, keep int64, limit int) (collected int, err error) {
	b := s.newMessage()
	b.Queue(collectKills, before, keep, limit).Exec(func(tag pgconn.CommandTag) error {
		collected = int(tag.RowsAffected())
		return nil
	})
	if err := s.send(ctx, "collect kills", b); err != nil {
		return 0, err
	}
	return collected, nil
}
