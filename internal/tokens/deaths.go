package tokens

import (
	"context"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// death is one request to end a session: a logout, or a refresh token whose showing means theft.
type death struct {
	session auth.SessionID
	reason  audit.Reason // a logout's
	origin  Origin
	// rotation is the request to refresh that the rotation lane found to be deadly. The rotation lane
	// decided on a row that may have changed, so it is decided again here.
	rotation *rotation
	done     chan error // answers a logout; a rotation has its own
}

func newLogout(id auth.SessionID, origin Origin) *death {
	return &death{session: id, reason: audit.Logout, origin: origin, done: make(chan error, 1)}
}

func (d *death) answer(err error) {
	if d.rotation != nil {
		d.rotation.fail(err)
		return
	}
	d.done <- err
}

// settleDeaths is the lane of deaths. It is apart from the rotation lane because deaths hold the
// feed's head, and no rotation should wait for that.
func (s *Sessions) settleDeaths(ctx context.Context, batch []*death) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	settleAll(ctx, batch, s.endOnce, (*death).answer)
}

// endOnce takes one turn: load, decide, end with kills in one transaction.
func (s *Sessions) endOnce(ctx context.Context, batch []*death) ([]*death, error) {
	ids := distinct(batch, func(d *death) auth.SessionID { return d.session })
	rows, clock, err := s.load(ctx, ids)
	if err != nil {
		return batch, err
	}
	turn := deathTurn{Sessions: s, rows: rows, clock: clock}
	for _, d := range batch {
		turn.decide(d)
	}
	ended, err := turn.end(ctx, ids)
	return turn.settle(ctx, ended, err), err
}

// deathTurn is one batch between its load and its commit.
type deathTurn struct {
	*Sessions
	rows  map[auth.SessionID]*Loaded
	clock time.Time

	reasons map[auth.SessionID]verdictOf // sessions to be ended, and who was first to say so
	waiting []mourner
}

type verdictOf struct {
	reason audit.Reason
	origin Origin
}

type mourner struct {
	request *death
	err     error
}

func (t *deathTurn) decide(d *death) {
	row := t.rows[d.session]
	if d.rotation == nil {
		if row != nil && row.EndedAt.IsZero() {
			t.kill(row, d.reason, d.origin)
		}
		t.wait(d, nil) // gone, or ended already: what was asked for is so
		return
	}
	switch verdict := decide(row, &d.rotation.token, t.clock, t.policy.RetryWindow); verdict.verdict {
	case refuse:
		t.wait(d, verdict.err)
	case die:
		t.kill(row, verdict.reason, d.origin)
		t.wait(d, verdict.err)
	default:
		t.sendBack(d)
	}
}

// kill marks the row as ended for the requests after this one and remembers it for the write.
func (t *deathTurn) kill(row *Loaded, reason audit.Reason, origin Origin) {
	row.EndedAt, row.EndReason = t.clock, reason
	if t.reasons == nil {
		t.reasons = make(map[auth.SessionID]verdictOf)
	}
	t.reasons[row.ID] = verdictOf{reason, origin}
}

// sendBack returns a request that turned out not to be deadly, once: two lanes must not play ball.
func (t *deathTurn) sendBack(d *death) {
	r := d.rotation
	if r.returned {
		r.fail(errBusy)
		return
	}
	r.returned = true
	if err := t.rotations.submit(r); err != nil {
		r.fail(err)
	}
}

func (t *deathTurn) wait(d *death, err error) {
	t.waiting = append(t.waiting, mourner{d, err})
}

// end writes the deaths in the order of sorted, so that two instances lock rows in one order.
func (t *deathTurn) end(ctx context.Context, sorted []auth.SessionID) ([]auth.SessionID, error) {
	if len(t.reasons) == 0 {
		return nil, nil
	}
	deaths := make([]Death, 0, len(t.reasons))
	for _, id := range sorted {
		if v, dies := t.reasons[id]; dies {
			deaths = append(deaths, Death{Session: id, Reason: v.reason, At: t.clock})
		}
	}
	mark, err := t.newMark()
	if err != nil {
		return nil, err
	}
	return t.store.End(ctx, deaths, mark)
}

// settle answers after the commit. A session that somebody else ended meanwhile is decided again, so
// that the answer names the reason which counted.
func (t *deathTurn) settle(ctx context.Context, ended []auth.SessionID, err error) (again []*death) {
	if err == nil {
		for _, id := range ended {
			v := t.reasons[id]
			t.record(ctx, event(t.clock, audit.SessionEnded, v.reason, t.rows[id], v.origin))
			if v.reason == audit.HistoryForked {
				t.record(ctx, alarm(t.clock, v.reason, t.rows[id], v.origin))
			}
			delete(t.reasons, id)
		}
	}
	for _, w := range t.waiting {
		if _, lost := t.reasons[w.request.session]; lost {
			again = append(again, w.request)
			continue
		}
		w.request.answer(w.err)
	}
	return again
}
