package tokens

import (
	"context"
	"slices"
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

// endOnce takes one turn: load, decide, end with kills in one transaction. Only what is decided on is
// loaded, which a logout is not: a session that can be ended is, and [Store.End] tells whose it was.
func (s *Sessions) endOnce(ctx context.Context, batch []*death) ([]*death, error) {
	turn := deathTurn{Sessions: s, reasons: make(map[auth.SessionID]verdictOf, len(batch))}
	judged := slices.DeleteFunc(slices.Clone(batch), func(d *death) bool { return d.rotation == nil })
	if len(judged) > 0 {
		var err error
		if turn.rows, turn.clock, err = s.load(ctx, distinct(judged, (*death).of)); err != nil {
			return batch, err
		}
	}
	for _, d := range batch {
		turn.decide(d)
	}
	ended, err := turn.end(ctx, distinct(batch, (*death).of))
	return turn.settle(ctx, ended, err), err
}

func (d *death) of() auth.SessionID { return d.session }

// deathTurn is one batch between its load and its commit.
type deathTurn struct {
	*Sessions
	rows  map[auth.SessionID]*Loaded // of the sessions that a rotation names
	clock time.Time                  // zero if none does

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
	if d.rotation == nil {
		t.kill(d.session, d.reason, d.origin)
		t.wait(d, nil) // should it be gone, or ended already: what was asked for is so
		return
	}
	row := t.rows[d.session]
	switch verdict := decide(row, &d.rotation.token, t.clock, t.policy.RetryWindow); verdict.verdict {
	case refuse:
		t.wait(d, verdict.err)
	case die:
		t.kill(d.session, verdict.reason, d.origin)
		t.wait(d, verdict.err)
	default:
		t.sendBack(d)
	}
}

// kill marks a session as ended for the requests after this one and remembers it for the write.
func (t *deathTurn) kill(id auth.SessionID, reason audit.Reason, origin Origin) {
	row := t.rows[id]
	if _, dies := t.reasons[id]; dies || row != nil && !row.EndedAt.IsZero() {
		return
	}
	t.reasons[id] = verdictOf{reason, origin}
	if row != nil {
		row.EndedAt, row.EndReason = t.clock, reason
	}
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
func (t *deathTurn) end(ctx context.Context, sorted []auth.SessionID) ([]Ended, error) {
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

// settle answers after the commit. A refresh token whose session somebody else ended meanwhile is decided
// again, so that the answer names the reason which counted.
func (t *deathTurn) settle(ctx context.Context, ended []Ended, err error) (again []*death) {
	for _, e := range ended {
		v, session := t.reasons[e.Session], &Loaded{Session: Session{ID: e.Session, User: e.User}}
		t.record(ctx, event(e.At, audit.SessionEnded, v.reason, session, v.origin))
		if v.reason == audit.HistoryForked {
			t.record(ctx, alarm(e.At, v.reason, session, v.origin))
		}
		delete(t.reasons, e.Session)
	}
	for _, w := range t.waiting {
		_, lost := t.reasons[w.request.session]
		if lost && (err != nil || w.request.rotation != nil) {
			again = append(again, w.request)
			continue
		}
		w.request.answer(w.err)
	}
	return again
}
