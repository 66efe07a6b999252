package postgres

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// signingSecret is how the name of a signing key's secret begins; the key's id follows.
const signingSecret = "signing."

// feed_head_pkey serves this.
const selectKeyringVersion = `
select h.keyring_version
  from feed_head h
 where h.singleton = 1`

// All of a small table, in the order of signing_keys_slot_key.
const selectKeys = `
select k.kid, k.slot, k.alg, k.public_jwk, k.created_at, k.signs_from, k.killed_at
  from signing_keys k
 order by k.slot`

// All of a small table, in the order of secrets_pkey.
const selectSecrets = `
select s.name, s.sealed, s.created_at
  from secrets s
 order by s.name`

// signing_keys_pkey and signing_keys_slot_key decide who came first.
const insertKey = `
insert into signing_keys (kid, slot, alg, public_jwk, created_at, signs_from, killed_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing`

// secrets_pkey decides who came first.
const insertSecret = `
insert into secrets (name, sealed, created_at)
values ($1, $2, $3)
on conflict do nothing`

// signing_keys_pkey serves this.
const deleteKey = `
delete from signing_keys
 where kid = $1`

// secrets_pkey serves this.
const deleteSecret = `
delete from secrets
 where name = $1`

// feed_head_pkey serves this.
const raiseKeyringVersion = `
update feed_head h
   set keyring_version = h.keyring_version + 1
 where h.singleton = 1`

// feed_head_pkey decides who came first.
const insertHead = `
insert into feed_head (singleton, feed_id, seq, mark, max_ttl, as_of, keyring_version, jwks_max_age)
values (1, $1, 0, 0, $2, clock_timestamp(), 0, $3)
on conflict do nothing`

// feed_head_pkey serves this. Nothing is written where nothing would rise.
const raiseHead = `
update feed_head h
   set max_ttl = greatest(h.max_ttl, $1::bigint),
       jwks_max_age = greatest(h.jwks_max_age, $2::bigint)
 where h.singleton = 1
   and (h.max_ttl < $1::bigint or h.jwks_max_age < $2::bigint)`

// feed_head_pkey serves this.
const selectHead = `
select h.feed_id, h.seq, h.mark, h.max_ttl, h.as_of, h.keyring_version, h.jwks_max_age
  from feed_head h
 where h.singleton = 1`

// LoadKeyring implements [tokens.KeyringStore]. The version is read first, so that what is read after
// it can only be newer and will be read again; keys before secrets, so that every key has its secret.
func (s *Store) LoadKeyring(ctx context.Context) (tokens.KeyringRows, error) {
	var r tokens.KeyringRows
	b := s.newReading(&r.Clock)
	b.Queue(selectKeyringVersion).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if err := rows.Scan(&r.Version); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	b.Queue(selectKeys).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var k tokens.PublishedKey
			err := rows.Scan(&k.KID, &k.Slot, &k.Alg, &k.PublicJWK,
				(*instant)(&k.CreatedAt), (*instant)(&k.SignsFrom), (*instant)(&k.KilledAt))
			if err != nil {
				return err
			}
			r.Keys = append(r.Keys, k)
		}
		return rows.Err()
	})
	b.Queue(selectSecrets).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var secret tokens.SealedSecret
			if err := rows.Scan(&secret.Name, &secret.Sealed, (*instant)(&secret.CreatedAt)); err != nil {
				return err
			}
			r.Secrets = append(r.Secrets, secret)
		}
		return rows.Err()
	})
	if err := s.send(ctx, "load the keyring", b); err != nil {
		return tokens.KeyringRows{}, err
	}
	return r, nil
}

// AddKeyring implements [tokens.KeyringStore]. Rows go in by slot and name, so that two instances that
// do this at once wait for each other in one order; the head comes last, with the commit.
func (s *Store) AddKeyring(ctx context.Context, secrets []tokens.SealedSecret, keys []tokens.PublishedKey) error {
	if len(secrets)+len(keys) == 0 {
		return nil
	}
	var headExists bool
	first := s.newTransaction()
	first.Queue(selectKeyringVersion).Query(func(rows pgx.Rows) error {
		headExists = rows.Next()
		return nil
	})
	added := queueKeyring(first, secrets, keys)

	var failure error
	_, err := s.transact(ctx, "add to the keyring", first, func() *pgx.Batch {
		if !headExists {
			failure = errors.New("add to the keyring: the feed has no head yet")
			return nil
		}
		last := &pgx.Batch{}
		added.undoHalves(last)
		if len(added.keys)+len(added.secrets) == 0 {
			return nil
		}
		last.Queue(raiseKeyringVersion)
		queueCommit(last)
		return last
	})
	return cmp.Or(err, failure)
}

// additions are the rows that a transaction stored, until it ends: keys by id, secrets by name. false
// says that the place was taken.
type additions struct {
	keys    map[string]bool
	secrets map[string]bool
}

func queueKeyring(b *pgx.Batch, secrets []tokens.SealedSecret, keys []tokens.PublishedKey) *additions {
	added := &additions{make(map[string]bool, len(keys)), make(map[string]bool, len(secrets))}
	keys, secrets = slices.Clone(keys), slices.Clone(secrets)
	slices.SortStableFunc(keys, func(a, b tokens.PublishedKey) int { return cmp.Compare(a.Slot, b.Slot) })
	slices.SortStableFunc(secrets, func(a, b tokens.SealedSecret) int { return strings.Compare(a.Name, b.Name) })
	for _, k := range keys {
		b.Queue(insertKey, k.KID, k.Slot, k.Alg, k.PublicJWK, k.CreatedAt, timestamp(k.SignsFrom), timestamp(k.KilledAt)).
			Exec(note(added.keys, k.KID))
	}
	for _, secret := range secrets {
		b.Queue(insertSecret, secret.Name, secret.Sealed, secret.CreatedAt).Exec(note(added.secrets, secret.Name))
	}
	return added
}

func note(added map[string]bool, name string) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		added[name] = added[name] || tag.RowsAffected() > 0
		return nil
	}
}

// undoHalves takes back each key whose secret was refused, and each secret whose key was: a private
// half without its key would stay for ever, and a key without it would be chosen to sign one day. What
// is left in a are the rows that stay.
func (a *additions) undoHalves(b *pgx.Batch) {
	for kid, stored := range a.keys {
		name := signingSecret + kid
		secretStored, paired := a.secrets[name]
		switch {
		case !paired || stored == secretStored:
		case stored:
			b.Queue(deleteKey, kid)
			a.keys[kid] = false
		default:
			b.Queue(deleteSecret, name)
			a.secrets[name] = false
		}
	}
	refused := func(_ string, stored bool) bool { return !stored }
	maps.DeleteFunc(a.keys, refused)
	maps.DeleteFunc(a.secrets, refused)
}

// RaiseHead implements [tokens.KeyringStore].
func (s *Store) RaiseHead(ctx context.Context, feedID string, maxTTL, jwksMaxAge time.Duration) (revocation.Head, error) {
	var head revocation.Head
	b := s.newMessage()
	b.Queue(insertHead, feedID, seconds(maxTTL), seconds(jwksMaxAge))
	b.Queue(raiseHead, seconds(maxTTL), seconds(jwksMaxAge))
	b.Queue(selectHead).QueryRow(func(row pgx.Row) (err error) {
		head, err = scanHead(row)
		return err
	})
	if err := s.send(ctx, "raise the head", b); err != nil {
		return revocation.Head{}, err
	}
	return head, nil
}

func scanHead(row pgx.Row) (h revocation.Head, err error) {
	var mark, maxTTL, maxAge int64
	err = row.Scan(&h.FeedID, &h.Seq, &mark, &maxTTL, (*instant)(&h.AsOf), &h.KeyringVersion, &maxAge)
	h.Mark = uint64(mark)
	h.MaxTTL, h.JWKSMaxAge = time.Duration(maxTTL)*time.Second, time.Duration(maxAge)*time.Second
	return h, err
}
