package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// feed_head_pkey, secrets_pkey and signing_keys_pkey serve this; signing_keys_slot_key refuses a slot
// that is taken.
//
// The head is locked first, if it has the version that the change was decided on, and whatever follows
// happens only then. So one statement is the whole change, and it ends with the commit in one message:
// a client that stops cannot hold the head. Nothing else writes these tables, so whoever holds the head
// at that version has them as they were read.
const changeKeyring = `
with held as (
select h.keyring_version
  from feed_head h
 where h.singleton = 1
   and h.keyring_version = $3::bigint
   for update),
added_secrets as (
insert into secrets (name, sealed, created_at)
select a.name, a.sealed, a.created_at
  from unnest($4::text[], $5::bytea[], $6::timestamptz[]) as a (name, sealed, created_at)
 where exists (select from held)),
added_keys as (
insert into signing_keys (kid, slot, alg, public_jwk, created_at, signs_from)
select a.kid, a.slot, a.alg, a.public_jwk, a.created_at, a.signs_from
  from unnest($7::text[], $8::bigint[], $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[])
    as a (kid, slot, alg, public_jwk, created_at, signs_from)
 where exists (select from held)),
dated as (
update signing_keys k
   set signs_from = coalesce(d.signs_from, k.signs_from),
       killed_at = d.killed_at
  from unnest($13::text[], $14::timestamptz[], $15::timestamptz[], $16::bytea[], $17::bigint[])
    as d (kid, signs_from, killed_at, subject, place)
 where k.kid = any(array[d.kid])
   and k.killed_at is null
   and exists (select from held)
returning d.killed_at, d.subject, d.place),
resealed as (
update secrets s
   set sealed = r.sealed
  from unnest($18::text[], $19::bytea[]) as r (name, sealed)
 where s.name = any(array[r.name])
   and exists (select from held)),
dropped as (
delete from secrets s
 where s.name = any($20::text[])
   and exists (select from held)),
stamp as (
select $1::bigint as mark, $2::bigint as grace),
entries as (
select 'kid' as kind, d.subject, 0::bigint as value, d.place
  from dated d
 where d.killed_at is not null),` +
	advanceHead + `
select count(*) from held`

// feed_head_pkey serves this. It comes after changeKeyring, which holds the head if it has this version.
const raiseKeyringVersion = `
update feed_head h
   set keyring_version = h.keyring_version + 1
 where h.singleton = 1
   and h.keyring_version = $1`

// ChangeKeyring implements [tokens.KeyringStore].
func (s *Store) ChangeKeyring(ctx context.Context, change tokens.KeyringChange, mark uint64) (applied bool, err error) {
	if change.IsEmpty() {
		return true, nil
	}
	b := s.newMessage()
	queueKeyringChange(b, &change, mark)
	b.Queue(raiseKeyringVersion, change.Version).Exec(func(tag pgconn.CommandTag) error {
		applied = tag.RowsAffected() > 0
		return nil
	})
	if err := s.send(ctx, "change the keyring", b); err != nil {
		return false, err
	}
	return applied, nil
}

// queueKeyringChange holds the head from here to the commit, so the commit must be in the same message.
func queueKeyringChange(b *pgx.Batch, change *tokens.KeyringChange, mark uint64) {
	arguments := []any{int64(mark), grace, change.Version}
	arguments = append(arguments, secretColumns(change.Secrets)...)
	arguments = append(arguments, keyColumns(change.Keys)...)
	arguments = append(arguments, dateColumns(change)...)
	b.Queue(changeKeyring, append(arguments, append(resealColumns(change.Reseal), change.Dropped())...)...)
}

func secretColumns(secrets []tokens.SealedSecret) []any {
	n := len(secrets)
	names, sealed, created := make([]string, n), make([][]byte, n), make([]time.Time, n)
	for i, s := range secrets {
		names[i], sealed[i], created[i] = s.Name, s.Sealed, s.CreatedAt
	}
	return []any{names, sealed, created}
}

func resealColumns(secrets []tokens.SealedSecret) []any { return secretColumns(secrets)[:2] }

func keyColumns(keys []tokens.PublishedKey) []any {
	n := len(keys)
	kids, slots, algs, public := make([]string, n), make([]int64, n), make([]string, n), make([]string, n)
	created, from := make([]time.Time, n), make(pgtype.FlatArray[pgtype.Timestamptz], n)
	for i, k := range keys {
		kids[i], slots[i], algs[i], public[i] = k.KID, k.Slot, k.Alg, k.PublicJWK
		created[i], from[i] = k.CreatedAt, timestamp(k.SignsFrom)
	}
	return []any{kids, slots, algs, public, created, from}
}

// dateColumns are the starts and the kills. A kill has the place that its entry takes in the feed.
func dateColumns(change *tokens.KeyringChange) []any {
	n := len(change.Start) + len(change.Kill)
	kids := make([]string, n)
	from, killed := make(pgtype.FlatArray[pgtype.Timestamptz], n), make(pgtype.FlatArray[pgtype.Timestamptz], n)
	subjects, places := make([][]byte, n), make([]int64, n)
	for i, start := range change.Start {
		kids[i], from[i] = start.KID, timestamp(start.SignsFrom)
	}
	for place, kill := range change.Kill {
		i := len(change.Start) + place
		subject := revocation.KillKey(kill.KID).Subject
		kids[i], killed[i], subjects[i], places[i] = kill.KID, timestamp(kill.At), subject[:], int64(place)
	}
	return []any{kids, from, killed, subjects, places}
}

// sessions_pkey serves this, by its first entry: ids are UUIDv7, so their order is that of the logins.
const selectOldestSession = `
select s.created_at
  from sessions s
 order by s.session_id
 limit 1`

// OldestSession implements [tokens.KeyringStore].
func (s *Store) OldestSession(ctx context.Context) (openedAt time.Time, found bool, err error) {
	b := s.newMessage()
	b.Queue(selectOldestSession).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if err := rows.Scan((*instant)(&openedAt)); err != nil {
				return err
			}
			found = true
		}
		return rows.Err()
	})
	if err := s.send(ctx, "find the oldest session", b); err != nil {
		return time.Time{}, false, err
	}
	return openedAt, found, nil
}
