package postgres

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// sessions_pkey serves this, once for each element, in the order of the arrays. The version is raised
// so that a rotation which was decided before loses. Of num_nulls the planner knows nothing: no index and no
// statistics of ended_at can tempt it away from the keys and their order.
const endSessions = `
update sessions s
   set ended_at = coalesce(d.ended_at, clock_timestamp()),
       end_reason = d.end_reason,
       row_version = s.row_version + 1
  from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::bytea[], $5::bigint[])
    as d (session_id, ended_at, end_reason, subject, place)
 where s.session_id = any(array[d.session_id])
   and num_nulls(s.ended_at) = 1
returning s.session_id, s.user_id, s.ended_at, d.subject, d.place`

// Sessions, head and kills in one statement, and so with its commit in one message. The head is
// updated after the last session, because it counts them.
const endSessionsWithKills = `
with ended as (` + endSessions + `),
stamp as (
select $6::bigint as mark, $7::bigint as grace),
entries as (
select 'sid' as kind, e.subject, 0::bigint as value, e.place
  from ended e),` +
	advanceHead + `
select e.session_id, e.user_id, e.ended_at
  from ended e
 order by e.place`

// End implements [tokens.Store].
func (s *Store) End(ctx context.Context, deaths []tokens.Death, mark uint64) (ended []tokens.Ended, err error) {
	if len(deaths) == 0 {
		return nil, nil
	}
	b := s.newMessage()
	b.Queue(endSessionsWithKills, append(endArguments(deaths), int64(mark), grace)...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var e tokens.Ended
			if err := rows.Scan((*[16]byte)(&e.Session), (*[16]byte)(&e.User), (*instant)(&e.At)); err != nil {
				return err
			}
			ended = append(ended, e)
		}
		return rows.Err()
	})
	if err := s.sendInLane(ctx, "end sessions", b); err != nil {
		return nil, err
	}
	return ended, nil
}

// endArguments turns deaths into columns, sorted by session for the order of locks. The place of each
// is kept, because entries stand in the feed as they were asked for. A session that is listed twice
// keeps its first place and reason.
func endArguments(deaths []tokens.Death) []any {
	order := make([]int, len(deaths))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(bytes.Compare(deaths[a].Session[:], deaths[b].Session[:]), cmp.Compare(a, b))
	})
	order = slices.CompactFunc(order, func(a, b int) bool { return deaths[a].Session == deaths[b].Session })

	n := len(order)
	ids, at, reasons := make(pgtype.FlatArray[pgtype.UUID], n), make([]pgtype.Timestamptz, n), make([]string, n)
	subjects, places := make([][]byte, n), make([]int64, n)
	for i, place := range order {
		d := &deaths[place]
		ids[i], at[i], reasons[i] = uuid(d.Session), timestamp(d.At), string(d.Reason)
		subject := revocation.KillSession(d.Session).Subject
		subjects[i], places[i] = subject[:], int64(place)
	}
	return []any{ids, at, reasons, subjects, places}
}

// queueEnds ends sessions without their kills, which the transaction must add in its last message. It
// reports the places, in deaths, of those that it ended.
func queueEnds(b *pgx.Batch, deaths []tokens.Death, ended *[]int) {
	b.Queue(endSessions, endArguments(deaths)...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var place int
			if err := rows.Scan(nil, nil, nil, nil, &place); err != nil {
				return err
			}
			*ended = append(*ended, place)
		}
		slices.Sort(*ended)
		return rows.Err()
	})
}
