package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// All of secrets, in the order of its primary key: a handful of rows.
const selectSecrets = `
select name, sealed, created_at
  from secrets
 order by name`

// All of signing_keys, in the order of the unique index on slot: a handful of rows.
const selectKeys = `
select kid, slot, alg, public_jwk, created_at, signs_from, killed_at
  from signing_keys
 order by slot`

// LoadKeyring implements [tokens.KeyringStore].
func (s *Store) LoadKeyring(ctx context.Context) (tokens.KeyringRows, error) {
	rows := tokens.KeyringRows{Clock: s.clock()}
	err := s.snapshot(ctx, "load the keyring", func(ctx context.Context, l *link) error {
		heads, err := all(ctx, l, selectHead, scanHead)
		if err != nil {
			return err
		}
		for _, head := range heads {
			rows.Version, rows.FeedID = head.KeyringVersion, head.FeedID
			rows.MaxTTL, rows.JWKSMaxAge = head.MaxTTL, head.JWKSMaxAge
		}
		if rows.Secrets, err = all(ctx, l, selectSecrets, scanSecret); err != nil {
			return err
		}
		rows.Keys, err = all(ctx, l, selectKeys, scanKey)
		return err
	})
	return rows, err
}

func scanSecret(r row) (s tokens.SealedSecret, err error) {
	err = r.Scan(&s.Name, &s.Sealed, (*timeColumn)(&s.CreatedAt))
	return s, err
}

func scanKey(r row) (k tokens.PublishedKey, err error) {
	err = r.Scan(&k.KID, &k.Slot, &k.Alg, &k.PublicJWK,
		(*timeColumn)(&k.CreatedAt), (*timeColumn)(&k.SignsFrom), (*timeColumn)(&k.KilledAt))
	return k, err
}

// The primary key of feed_head takes it.
const insertHead = `
insert into feed_head (singleton, feed_id, seq, mark, max_ttl, as_of, keyring_version, jwks_max_age)
values (1, ?1, 0, 0, ?2, ?3, 0, ?4)`

// The primary key of feed_head serves this; one row.
const raiseHead = `
update feed_head
   set max_ttl = ?1,
       jwks_max_age = ?2
 where singleton = 1`

// RaiseHead implements [tokens.KeyringStore].
func (s *Store) RaiseHead(ctx context.Context, feedID string, maxTTL, jwksMaxAge time.Duration) (head revocation.Head, err error) {
	maxTTL, jwksMaxAge = wholeSeconds(maxTTL), wholeSeconds(jwksMaxAge)
	err = s.write(ctx, "raise the feed's head", func(ctx context.Context, l *link) error {
		head, err = one(ctx, l, selectHead, scanHead)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			head = revocation.Head{FeedID: feedID, MaxTTL: maxTTL, AsOf: s.clock(), JWKSMaxAge: jwksMaxAge}
			_, err = l.exec(ctx, insertHead, feedID, seconds(maxTTL), micros(head.AsOf), seconds(jwksMaxAge))
			return err
		case err != nil:
			return err
		case head.MaxTTL >= maxTTL && head.JWKSMaxAge >= jwksMaxAge:
			return nil
		}
		head.MaxTTL, head.JWKSMaxAge = max(head.MaxTTL, maxTTL), max(head.JWKSMaxAge, jwksMaxAge)
		_, err = l.exec(ctx, raiseHead, seconds(head.MaxTTL), seconds(head.JWKSMaxAge))
		return err
	})
	return head, err
}

// wholeSeconds rounds up: a kill must outlive the longest token, not the one a fraction shorter.
func wholeSeconds(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }
