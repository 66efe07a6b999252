package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// feed_head_pkey serves this.
const selectKeyringHead = `
select h.keyring_version, h.feed_id, h.max_ttl, h.jwks_max_age
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
// it can only be newer, will be read again, and loses whatever is decided on it.
func (s *Store) LoadKeyring(ctx context.Context) (tokens.KeyringRows, error) {
	var r tokens.KeyringRows
	b := s.newReading(&r.Clock)
	b.Queue(selectKeyringHead).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var maxTTL, maxAge int64
			if err := rows.Scan(&r.Version, &r.FeedID, &maxTTL, &maxAge); err != nil {
				return err
			}
			r.MaxTTL, r.JWKSMaxAge = time.Duration(maxTTL)*time.Second, time.Duration(maxAge)*time.Second
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
