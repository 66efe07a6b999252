package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/authd/authd/internal/audit"
)

// users_pkey serves the question, once for each record: without the offset it would be asked anew for each
// column that hangs on it. Whoever deletes a user holds the row, so this waits, and then keeps nothing that
// the deletion has just blanked elsewhere.
const insertRecords = `
insert into audit (event_id, at, name, reason, actor, user_id, session_id, subject, address, user_agent)
select r.event_id, r.at, r.name, nullif(r.reason, ''), r.actor, r.user_id, r.session_id, nullif(r.subject, ''),
       case when k.kept then nullif(r.address, '')::inet end,
       case when k.kept then nullif(r.user_agent, '') end
  from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::uuid[],
              $8::text[], $9::text[], $10::text[])
    as r (event_id, at, name, reason, actor, user_id, session_id, subject, address, user_agent)
 cross join lateral (
       select num_nonnulls(r.user_id) = 0
           or exists (select from users u where u.user_id = any(array[r.user_id]) for key share) as kept
        offset 0) k
on conflict do nothing`

// audit_pkey serves this, backwards.
const selectRecords = `
select a.event_id, a.at, a.name, coalesce(a.reason, ''), a.actor, a.user_id, a.session_id, coalesce(a.subject, ''),
       a.address, coalesce(a.user_agent, '')
  from audit a
 where a.event_id >= $1
   and a.event_id < $2
   and ($4::text = '' or a.name = $4)
   and ($5::uuid is null or a.user_id = $5)
   and ($6::uuid is null or a.session_id = $6)
   and ($7::text = '' or a.actor = $7)
   and ($8::inet is null or a.address = $8)
 order by a.event_id desc
 limit $3`

// audit_name serves this, backwards.
const selectRecordsOfName = `
select a.event_id, a.at, a.name, coalesce(a.reason, ''), a.actor, a.user_id, a.session_id, coalesce(a.subject, ''),
       a.address, coalesce(a.user_agent, '')
  from audit a
 where a.event_id >= $1
   and a.event_id < $2
   and a.name = $4
   and ($5::uuid is null or a.user_id = $5)
   and ($6::uuid is null or a.session_id = $6)
   and ($7::text = '' or a.actor = $7)
   and ($8::inet is null or a.address = $8)
 order by a.event_id desc
 limit $3`

// audit_actor serves this, backwards.
const selectRecordsOfActor = `
select a.event_id, a.at, a.name, coalesce(a.reason, ''), a.actor, a.user_id, a.session_id, coalesce(a.subject, ''),
       a.address, coalesce(a.user_agent, '')
  from audit a
 where a.event_id >= $1
   and a.event_id < $2
   and a.actor = $7
   and a.actor <> 'user'
   and ($4::text = '' or a.name = $4)
   and ($5::uuid is null or a.user_id = $5)
   and ($6::uuid is null or a.session_id = $6)
   and ($8::inet is null or a.address = $8)
 order by a.event_id desc
 limit $3`

// audit_address serves this, backwards.
const selectRecordsOfAddress = `
select a.event_id, a.at, a.name, coalesce(a.reason, ''), a.actor, a.user_id, a.session_id, coalesce(a.subject, ''),
       a.address, coalesce(a.user_agent, '')
  from audit a
 where a.event_id >= $1
   and a.event_id < $2
   and a.address = $8
   and ($4::text = '' or a.name = $4)
   and ($5::uuid is null or a.user_id = $5)
   and ($6::uuid is null or a.session_id = $6)
   and ($7::text = '' or a.actor = $7)
 order by a.event_id desc
 limit $3`

// audit_user_id serves this, backwards.
const selectRecordsOfUser = `
select a.event_id, a.at, a.name, coalesce(a.reason, ''), a.actor, a.user_id, a.session_id, coalesce(a.subject, ''),
       a.address, coalesce(a.user_agent, '')
  from audit a
 where a.event_id >= $1
   and a.event_id < $2
   and a.user_id = $5
   and ($4::text = '' or a.name = $4)
   and ($6::uuid is null or a.session_id = $6)
   and ($7::text = '' or a.actor = $7)
   and ($8::inet is null or a.address = $8)
 order by a.event_id desc
 limit $3`

// audit_session_id serves this, backwards.
const selectRecordsOfSession = `
select a.event_id, a.at, a.name, coalesce(a.reason, ''), a.actor, a.user_id, a.session_id, coalesce(a.subject, ''),
       a.address, coalesce(a.user_agent, '')
  from audit a
 where a.event_id >= $1
   and a.event_id < $2
   and a.session_id = $6
   and ($4::text = '' or a.name = $4)
   and ($5::uuid is null or a.user_id = $5)
   and ($7::text = '' or a.actor = $7)
   and ($8::inet is null or a.address = $8)
 order by a.event_id desc
 limit $3`

// audit_pkey serves both.
const deleteRecords = `
delete from audit
 where event_id = any(array(
       select event_id
         from audit
        where event_id < $1
        order by event_id
        limit $2))`

// audit_user_id serves this, in the transaction that deletes the user: what happened stays, from where and
// with what does not.
const blankRecords = `
update audit a
   set address = null,
       user_agent = null
 where a.user_id = $1
   and num_nonnulls(a.address, a.user_agent) > 0`

// AddRecords implements [audit.Store].
func (s *Store) AddRecords(ctx context.Context, records []audit.Record) error {
	if len(records) == 0 {
		return nil
	}
	b := s.newMessage()
	b.Queue(insertRecords, recordColumns(records)...)
	return s.send(ctx, "add to the audit", b)
}

func recordColumns(records []audit.Record) []any {
	n := len(records)
	var (
		ids, users, sessions        = make([]pgtype.UUID, n), make([]pgtype.UUID, n), make([]pgtype.UUID, n)
		at                          = make([]time.Time, n)
		names, reasons, actors      = make([]string, n), make([]string, n), make([]string, n)
		subjects, addresses, agents = make([]string, n), make([]string, n), make([]string, n)
	)
	for i := range records {
		r := &records[i]
		ids[i], users[i], sessions[i] = uuid(r.ID), uuidOrNull(r.User), uuidOrNull(r.Session)
		at[i] = r.At
		names[i], reasons[i], actors[i] = string(r.Name), string(r.Reason), string(r.Actor)
		subjects[i], agents[i] = r.Subject, r.UserAgent
		if r.Address.IsValid() {
			addresses[i] = r.Address.WithZone("").String()
		}
	}
	return []any{ids, at, names, reasons, actors, users, sessions, subjects, addresses, agents}
}

// Records implements [audit.Store].
func (s *Store) Records(ctx context.Context, q audit.Query) (records []audit.Record, err error) {
	if q.Limit <= 0 {
		return nil, nil
	}
	from, below := q.Bounds()
	statement := selectRecords
	switch { // the index that leaves least: what else is asked is looked for among what it finds
	case q.Session != [16]byte{}:
		statement = selectRecordsOfSession
	case q.User != [16]byte{}:
		statement = selectRecordsOfUser
	case q.Address.IsValid():
		statement = selectRecordsOfAddress
	case q.Actor != "" && q.Actor != audit.User:
		statement = selectRecordsOfActor
	case q.Name != "":
		statement = selectRecordsOfName
	}
	arguments := []any{uuid(from), uuid(below), q.Limit, string(q.Name), uuidOrNull(q.User), uuidOrNull(q.Session),
		string(q.Actor), addressOrNull(q.Address)}
	b := s.newMessage()
	b.Queue(statement, arguments...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			record, err := scanRecord(rows)
			if err != nil {
				return err
			}
			records = append(records, record)
		}
		return rows.Err()
	})
	if err := s.send(ctx, "read the audit", b); err != nil {
		return nil, err
	}
	return records, nil
}

func scanRecord(row pgx.Row) (r audit.Record, err error) {
	var user, session pgtype.UUID
	err = row.Scan((*[16]byte)(&r.ID), (*instant)(&r.At), (*string)(&r.Name), (*string)(&r.Reason), (*string)(&r.Actor),
		&user, &session, &r.Subject, (*address)(&r.Address), &r.UserAgent)
	r.User, r.Session = user.Bytes, session.Bytes
	return r, err
}

// CollectRecords implements [audit.Store].
func (s *Store) CollectRecords(ctx context.Context, before time.Time, limit int) (deleted int, err error) {
	if limit <= 0 {
		return 0, nil
	}
	b := s.newMessage()
	b.Queue(deleteRecords, uuid(audit.Since(before)), limit).Exec(func(tag pgconn.CommandTag) error {
		deleted = int(tag.RowsAffected())
		return nil
	})
	if err := s.send(ctx, "collect the audit", b); err != nil {
		return 0, err
	}
	return deleted, nil
}
