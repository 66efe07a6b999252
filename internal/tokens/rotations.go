package tokens

import (
	"bytes"
	"context"
	"io"
	"slices"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// rotation is one request to refresh.
type rotation struct {
	token    refreshToken
	origin   Origin
	returned bool         // it came back from the lane of deaths once
	foretold bool         // its answer was, once
	done     chan rotated // one answer, and before it perhaps what it will be
}

// rotated answers a rotation: the session as it is now with its live refresh token, or an error.
type rotated struct {
	session *Loaded // nobody writes to it any more
	refresh string
	clock   time.Time
	retried bool // the same successor once more
	// foretold: the batch is about to be written, and this becomes the answer if it is. Until then nobody
	// else may hear of it.
	foretold bool
	err      error
}

func newRotation(token refreshToken, origin Origin) *rotation {
	return &rotation{token: token, origin: origin, done: make(chan rotated, 2)}
}

func (r *rotation) answer(out rotated) { r.done <- out }
func (r *rotation) fail(err error)     { r.done <- rotated{err: err} }

// foretell lets the request prepare its answer while the batch is written. Once is enough: a batch that
// is decided again is rare.
func (r *rotation) foretell(out rotated) {
	if r.foretold || out.err != nil {
		return
	}
	r.foretold, out.foretold = true, true
	r.done <- out
}

// settleRotations is the rotation lane: load the rows, decide each in Go, swap all.
func (s *Sessions) settleRotations(ctx context.Context, batch []*rotation) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	settleAll(ctx, batch, s.rotateOnce, (*rotation).fail)
}

// rotateOnce takes one turn: at most two round trips, the load and the swap with its commit.
func (s *Sessions) rotateOnce(ctx context.Context, batch []*rotation) ([]*rotation, error) {
	ids := distinct(batch, func(r *rotation) auth.SessionID { return r.token.session })
	rows, clock, err := s.load(ctx, ids)
	if err != nil {
		return batch, err
	}
	turn := rotationTurn{Sessions: s, ctx: ctx, rows: rows, clock: clock,
		swaps: make([]Rotation, 0, len(batch)), waiting: make([]waiting, 0, len(batch))}
	for _, r := range batch {
		turn.decide(r)
	}
	written, err := turn.swap()
	return turn.settle(written, err), err
}

// rotationTurn is one batch between its load and its swap.
type rotationTurn struct {
	*Sessions
	ctx   context.Context
	rows  map[auth.SessionID]*Loaded
	clock time.Time

	swaps   []Rotation
	waiting []waiting // answers that rest on the row of a session, swapped or not
}

type waiting struct {
	request *rotation
	out     rotated
}

// decide places one request against the row as the requests before it left it, so that two tabs that
// show one token in one batch are a rotation and its retry.
func (t *rotationTurn) decide(r *rotation) {
	row := t.rows[r.token.session]
	switch d := decide(row, &r.token, t.clock, t.policy.RetryWindow); d.verdict {
	case refuse:
		t.wait(r, rotated{err: d.err})
	case die:
		t.sendToDie(r)
	case rotate:
		t.rotate(r, row)
	case retry:
		t.retry(r, row)
	}
}

func (t *rotationTurn) rotate(r *rotation, row *Loaded) {
	var nonce [32]byte
	if _, err := io.ReadFull(t.random, nonce[:]); err != nil {
		t.wait(r, rotated{err: err})
		return
	}
	version, keys := t.keyring.refreshAt(t.clock)
	next := successor(&r.token, nonce, version, keys)

	row.Generation, row.Nonce, row.SecretVersion = next.generation, nonce, version
	row.PreviousHash, row.CurrentHash = row.CurrentHash, next.hash()
	row.RotatedAt, row.IdleEndsAt = t.clock, t.policy.idleEnd(t.clock, row.EndsAt)
	t.swaps = append(t.swaps, Rotation{
		Session: row.ID, Version: row.RowVersion,
		Generation: row.Generation, CurrentHash: row.CurrentHash, PreviousHash: row.PreviousHash,
		Nonce: nonce, SecretVersion: version, RotatedAt: row.RotatedAt, IdleEndsAt: row.IdleEndsAt,
	})
	t.wait(r, rotated{session: row, refresh: next.text(keys), clock: t.clock})
}

// retry makes the successor of the presented parent once more. Should it not fit the hash in the row,
// the sealed secret is not the one that the row was written with: nobody is a thief, so nothing dies.
func (t *rotationTurn) retry(r *rotation, row *Loaded) {
	keys, known := t.keyring.refreshOf(t.ctx, row.SecretVersion)
	if !known {
		t.wait(r, rotated{err: auth.ErrUnavailable})
		return
	}
	next := successor(&r.token, row.Nonce, row.SecretVersion, keys)
	if next.hash() != row.CurrentHash {
		t.record(t.ctx, alarm(t.clock, audit.SuccessorBroken, row, r.origin))
		t.wait(r, rotated{err: auth.ErrUnavailable})
		return
	}
	t.wait(r, rotated{session: row, refresh: next.text(keys), clock: t.clock, retried: true})
}

// sendToDie hands a request to the lane of deaths, which decides it again and answers it.
func (t *rotationTurn) sendToDie(r *rotation) {
	if err := t.deaths.submit(&death{session: r.token.session, origin: r.origin, rotation: r}); err != nil {
		r.fail(err)
	}
}

func (t *rotationTurn) wait(r *rotation, out rotated) {
	t.waiting = append(t.waiting, waiting{r, out})
}

// swap writes the batch. Rows are sorted by id, so that two instances lock them in one order. Meanwhile
// the requests sign their access tokens: the processor would have nothing to do while the disk has.
func (t *rotationTurn) swap() ([]auth.SessionID, error) {
	if len(t.swaps) == 0 {
		return nil, nil
	}
	slices.SortFunc(t.swaps, func(a, b Rotation) int { return bytes.Compare(a.Session[:], b.Session[:]) })
	for _, w := range t.waiting {
		w.request.foretell(w.out) // every request was decided: from here on nobody writes to a row
	}
	return t.store.Rotate(t.ctx, t.swaps)
}

// settle answers everybody whose row was swapped, or needed no swap, and returns the others: their
// answers rested on a row that was not written.
func (t *rotationTurn) settle(written []auth.SessionID, err error) (again []*rotation) {
	lost := make(map[auth.SessionID]bool, len(t.swaps))
	for _, swap := range t.swaps {
		lost[swap.Session] = true
	}
	if err == nil {
		for _, id := range written {
			delete(lost, id)
		}
	}
	for _, w := range t.waiting {
		if lost[w.request.token.session] {
			again = append(again, w.request)
			continue
		}
		if w.out.retried {
			t.record(t.ctx, event(w.out.clock, audit.SessionRetried, "", w.out.session, w.request.origin))
		}
		w.request.answer(w.out)
	}
	return again
}

// load reads the sessions of ids into a map.
func (s *Sessions) load(ctx context.Context, ids []auth.SessionID) (map[auth.SessionID]*Loaded, time.Time, error) {
	loaded, clock, err := s.store.LoadSessions(ctx, ids)
	rows := make(map[auth.SessionID]*Loaded, len(loaded))
	for i := range loaded {
		rows[loaded[i].ID] = &loaded[i]
	}
	return rows, clock, err
}

// distinct returns the sessions of a batch, each once, sorted.
func distinct[R any](batch []R, session func(R) auth.SessionID) []auth.SessionID {
	ids := make([]auth.SessionID, len(batch))
	for i, r := range batch {
		ids[i] = session(r)
	}
	slices.SortFunc(ids, func(a, b auth.SessionID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}
