//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/postgres"
	"github.com/authd/authd/internal/tokens"
)

// batch is how many rotations 64 clients make at once. Those who come while a batch commits are the next one, so each
// is half of them: the long run counts two messages for some 31 refreshes. authd has one lane, so batches do not overlap.
const batch = many / 2

// stored is a load of rotations in the store alone, by the very calls that authd makes: load the rows of a batch, make
// new secrets of them, swap. One turn of it is a batch.
func (s *stock) stored(ctx context.Context, id, what string) (*load, error) {
	t := s.table.(*postgresTable)
	rows, err := t.pool.Query(ctx, `select session_id from sessions`)
	if err != nil {
		return nil, err
	}
	var ids []auth.SessionID
	for rows.Next() {
		var id auth.SessionID
		if err := rows.Scan((*[16]byte)(&id)); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return &load{id: id, what: what, clients: 1, size: batch,
		open: func(context.Context, int) (func(context.Context) error, func(), error) {
			return func(ctx context.Context) error { return rotate(ctx, t.Store, draw(ids, batch)) }, func() {}, nil
		}}, nil
}

// draw picks distinct ids and sorts them, as authd does.
func draw(ids []auth.SessionID, n int) []auth.SessionID {
	drawn := make([]auth.SessionID, 0, n)
	for len(drawn) < n {
		if id := ids[rand.IntN(len(ids))]; !slices.Contains(drawn, id) {
			drawn = append(drawn, id)
		}
	}
	slices.SortFunc(drawn, func(a, b auth.SessionID) int { return bytes.Compare(a[:], b[:]) })
	return drawn
}

func rotate(ctx context.Context, store *postgres.Store, ids []auth.SessionID) error {
	rows, clock, err := store.LoadSessions(ctx, ids)
	if err != nil {
		return err
	}
	rotations := make([]tokens.Rotation, len(rows))
	for i := range rows {
		row := &rows[i]
		nonce := randomHash()
		rotations[i] = tokens.Rotation{
			Session: row.ID, Version: row.RowVersion,
			Generation: row.Generation + 1, PreviousHash: row.CurrentHash, CurrentHash: sha256.Sum256(nonce[:]), Nonce: nonce,
			SecretVersion: row.SecretVersion, RotatedAt: clock, IdleEndsAt: clock.Add(7 * 24 * time.Hour),
		}
	}
	written, err := store.Rotate(ctx, rotations)
	if err == nil && len(written) != len(ids) {
		err = fmt.Errorf("%d of %d rotations were written", len(written), len(ids))
	}
	return err
}
