package sqlite

import (
	"context"
	"time"

	"github.com/authd/authd/internal/audit"
)

// The primary keys of users and audit serve this. The write lock keeps the user from being deleted
// between the question and the commit.
const insertRecords = `
insert into audit (event_id, at, name, reason, actor, user_id, session_id, subject, address, user_agent)
select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,
       case when k.kept then ?9 end,
       case when k.kept then ?10 end
  from (select ?6 is null or exists (select 1 from users where user_id = ?6) as kept) k
 where true
on conflict do nothing`

// The primary key of audit serves this, backwards.
const selectRecords = `
select event_id, at, name, reason, actor, user_id, session_id, subject, address, user_agent
  from audit
 where event_id >= ?1
   and event_id < ?2
   and (?4 is null or name = ?4)
   and (?5 is null or user_id = ?5)
   and (?6 is null or session_id = ?6)
   and (?7 is null or actor = ?7)
   and (?8 is null or address = ?8)
 order by event_id desc
 limit ?3`

// audit_name serves this, backwards.
const selectRecordsOfName = `
select event_id, at, name, reason, actor, user_id, session_id, subject, address, user_agent
  from audit
 where event_id >= ?1
   and event_id < ?2
   and name = ?4
   and (?5 is null or user_id = ?5)
   and (?6 is null or session_id = ?6)
   and (?7 is null or actor = ?7)
   and (?8 is null or address = ?8)
 order by event_id desc
 limit ?3`

// audit_actor serves this, backwards.
const selectRecordsOfActor = `
select event_id, at, name, reason, actor, user_id, session_id, subject, address, user_agent
  from audit
 where event_id >= ?1
   and event_id < ?2
   and actor = ?7
   and actor <> 'user'
   and (?4 is null or name = ?4)
   and (?5 is null or user_id = ?5)
   and (?6 is null or session_id = ?6)
   and (?8 is null or address = ?8)
 order by event_id desc
 limit ?3`

// audit_address serves this, backwards.
const selectRecordsOfAddress = `
select event_id, at, name, reason, actor, user_id, session_id, subject, address, user_agent
  from audit
 where event_id >= ?1
   and event_id < ?2
   and address = ?8
   and (?4 is null or name = ?4)
   and (?5 is null or user_id = ?5)
   and (?6 is null or session_id = ?6)
   and (?7 is null or actor = ?7)
 order by event_id desc
 limit ?3`

// audit_user_id serves this, backwards.
const selectRecordsOfUser = `
select event_id, at, name, reason, actor, user_id, session_id, subject, address, user_agent
  from audit
 where event_id >= ?1
   and event_id < ?2
   and user_id = ?5
   and (?4 is null or name = ?4)
   and (?6 is null or session_id = ?6)
   and (?7 is null or actor = ?7)
   and (?8 is null or address = ?8)
 order by event_id desc
 limit ?3`

// audit_session_id serves this, backwards.
const selectRecordsOfSession = `
select event_id, at, name, reason, actor, user_id, session_id, subject, address, user_agent
  from audit
 where event_id >= ?1
   and event_id < ?2
   and session_id = ?6
   and (?4 is null or name = ?4)
   and (?5 is null or user_id = ?5)
   and (?7 is null or actor = ?7)
   and (?8 is null or address = ?8)
 order by event_id desc
 limit ?3`

// The primary key of audit serves both.
const deleteRecords = `
delete from audit
 where event_id in (
       select event_id
         from audit
        where event_id < ?1
        order by event_id
        limit ?2)`

// audit_user_id serves this, in the transaction that deletes the user: what happened stays, from where and
// with what does not.
const blankRecords = `
update audit
   set address = null,
       user_agent = null
 where user_id = ?1
   and (address is not null or user_agent is not null)`

// AddRecords implements [audit.Store].
func (s *Store) AddRecords(ctx context.Context, records []audit.Record) error {
	if len(records) == 0 {
		return nil
	}
	return s.write(ctx, "add to the audit", func(ctx context.Context, l *link) error {
		return addRecords(ctx, l, records)
	})
}

func addRecords(ctx context.Context, l *link, records []audit.Record) error {
	for i := range records {
		r := &records[i]
		_, err := l.exec(ctx, insertRecords, r.ID[:], micros(r.At), string(r.Name), text(r.Reason), string(r.Actor),
			idOrNull(r.User), idOrNull(r.Session), text(r.Subject), address(r.Address), text(r.UserAgent))
		if err != nil {
			return err
		}
	}
	return nil
}

// Records implements [audit.Store].
func (s *Store) Records(ctx context.Context, q audit.Query) (records []audit.Record, err error) {
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
	arguments := []any{from[:], below[:], max(q.Limit, 0), // below 0 would be: no limit
		text(q.Name), idOrNull(q.User), idOrNull(q.Session), text(q.Actor), address(q.Address)}
	err = s.read(ctx, "read the audit", func(ctx context.Context, l *link) (err error) {
		records, err = all(ctx, l, statement, scanRecord, arguments...)
		return err
	})
	return records, err
}

func scanRecord(r row) (a audit.Record, err error) {
	err = r.Scan(bytesColumn(a.ID[:]), (*timeColumn)(&a.At), &a.Name, textColumn[audit.Reason]{&a.Reason}, &a.Actor,
		bytesColumn(a.User[:]), bytesColumn(a.Session[:]), textColumn[string]{&a.Subject},
		(*addressColumn)(&a.Address), textColumn[string]{&a.UserAgent})
	return a, err
}

// CollectRecords implements [audit.Store].
func (s *Store) CollectRecords(ctx context.Context, before time.Time, limit int) (int, error) {
	bound := audit.Since(before)
	var deleted int64
	err := s.write(ctx, "collect the audit", func(ctx context.Context, l *link) (err error) {
		deleted, err = l.exec(ctx, deleteRecords, bound[:], max(limit, 0)) // below 0 would be: no limit
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(deleted), nil
}
