package sqlite

import (
	"context"
	"time"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// The primary key of secrets takes it, and refuses a name that is taken.
const insertSecret = `
insert into secrets (name, sealed, created_at)
values (?1, ?2, ?3)`

// The primary key of signing_keys and the unique index on slot take it, and refuse what is taken.
const insertKey = `
insert into signing_keys (kid, slot, alg, public_jwk, created_at, signs_from)
values (?1, ?2, ?3, ?4, ?5, ?6)`

// The primary key of signing_keys serves this; one row, or none if the key was killed.
const startKey = `
update signing_keys
   set signs_from = ?2
 where kid = ?1
   and killed_at is null`

// The primary key of signing_keys serves this; one row, or none if the key was killed before.
const killKey = `
update signing_keys
   set killed_at = ?2
 where kid = ?1
   and killed_at is null`

// The primary key of secrets serves this; one row.
const resealSecret = `
update secrets
   set sealed = ?2
 where name = ?1`

// The primary key of secrets serves this; one row, or none.
const deleteSecret = `
delete from secrets
 where name = ?1`

// The primary key of feed_head serves this; one row, or none if somebody else has changed the keyring.
const raiseKeyringVersion = `
update feed_head
   set keyring_version = keyring_version + 1
 where singleton = 1
   and keyring_version = ?1`

// ChangeKeyring implements [tokens.KeyringStore].
func (s *Store) ChangeKeyring(ctx context.Context, change tokens.KeyringChange, mark uint64) (applied bool, err error) {
	if change.IsEmpty() {
		return true, nil
	}
	err = s.write(ctx, "change the keyring", func(ctx context.Context, l *link) error {
		raised, err := l.exec(ctx, raiseKeyringVersion, change.Version)
		if err != nil || raised == 0 {
			return err
		}
		applied = true
		return s.changeKeyring(ctx, l, &change, mark)
	})
	return applied && err == nil, err
}

func (s *Store) changeKeyring(ctx context.Context, l *link, change *tokens.KeyringChange, mark uint64) error {
	for _, secret := range change.Secrets {
		if _, err := l.exec(ctx, insertSecret, secret.Name, secret.Sealed, micros(secret.CreatedAt)); err != nil {
			return err
		}
	}
	for _, k := range change.Keys {
		_, err := l.exec(ctx, insertKey, k.KID, k.Slot, k.Alg, k.PublicJWK, micros(k.CreatedAt), micros(k.SignsFrom))
		if err != nil {
			return err
		}
	}
	for _, start := range change.Start {
		if _, err := l.exec(ctx, startKey, start.KID, micros(start.SignsFrom)); err != nil {
			return err
		}
	}
	for _, secret := range change.Reseal {
		if _, err := l.exec(ctx, resealSecret, secret.Name, secret.Sealed); err != nil {
			return err
		}
	}
	if err := s.killKeys(ctx, l, change.Kill, mark); err != nil {
		return err
	}
	for _, name := range change.Dropped() {
		if _, err := l.exec(ctx, deleteSecret, name); err != nil {
			return err
		}
	}
	return nil
}

// killKeys adds an entry for each key that this very call kills.
func (s *Store) killKeys(ctx context.Context, l *link, kills []tokens.KeyKill, mark uint64) error {
	var entries []revocation.Kill
	for _, kill := range kills {
		killed, err := l.exec(ctx, killKey, kill.KID, micros(kill.At))
		if err != nil {
			return err
		}
		if killed > 0 {
			entries = append(entries, revocation.KillKey(kill.KID))
		}
	}
	return s.addKills(ctx, l, entries, mark)
}

// The primary key of sessions serves this, by its first entry: ids are UUIDv7, so their order is that
// of the logins.
const selectOldestSession = `
select created_at
  from sessions
 order by session_id
 limit 1`

// OldestSession implements [tokens.KeyringStore].
func (s *Store) OldestSession(ctx context.Context) (openedAt time.Time, found bool, err error) {
	err = s.read(ctx, "find the oldest session", func(ctx context.Context, l *link) error {
		times, err := all(ctx, l, selectOldestSession, func(r row) (at time.Time, err error) {
			err = r.Scan((*timeColumn)(&at))
			return at, err
		})
		if len(times) > 0 {
			openedAt, found = times[0], true
		}
		return err
	})
	return openedAt, found, err
}
