package revocation

import (
	"context"
	"time"

	"github.com/authd/authd/internal/auth"
)

// Ask is what a follower asks for.
type Ask struct {
	Beginning bool   // there is no cursor
	Cursor    string // as it was sent
	Wait      time.Duration
}

// Answer is what a follower gets.
type Answer struct {
	*Page
	RetryAfter time.Duration // not zero: the poll was not held, and the next one would not be before
}

// Poll answers with the page after a cursor, and holds the answer while there is nothing after it.
// [ErrCursorUnknown] if the follower has to start over; [auth.ErrUnavailable] if nothing can be said.
func (f *Feed) Poll(ctx context.Context, ask Ask) (Answer, error) {
	if ask.Beginning {
		return f.answer(0, 0)
	}
	cursor, err := ParseCursor(ask.Cursor)
	if err != nil {
		return Answer{}, f.strange()
	}
	if err := f.find(ctx, cursor); err != nil {
		return Answer{}, err
	}
	hint, err := f.hold(ctx, cursor, ask.Wait)
	if err != nil {
		return Answer{}, err
	}
	answer, err := f.answer(cursor.Seq, hint)
	if err != nil {
		return Answer{}, err
	}
	// The page is of the history of now. Should the cursor not be, it would hide a gap.
	if known, _ := f.live.Knows(cursor); !known {
		answer.Done()
		return Answer{}, auth.ErrUnavailable
	}
	return answer, nil
}

// answer finds a page for a place.
func (f *Feed) answer(seq int64, hint time.Duration) (Answer, error) {
	view := f.live.View()
	if !settled(view) {
		return Answer{}, auth.ErrUnavailable
	}
	shelf := f.tail
	if view.Seq-seq > tailSpan {
		shelf = f.catchUp
	}
	page, err := shelf.page(view, seq)
	if err != nil {
		return Answer{}, err
	}
	return Answer{page, hint}, nil
}

// find makes sure that a cursor is a place in the feed. One that lies beyond what was read may be from
// another instance, which read more, so the next poll decides.
func (f *Feed) find(ctx context.Context, c Cursor) error {
	known, beyond := f.live.Knows(c)
	if beyond {
		next := f.live.NextPoll()
		release, room := f.enter()
		if !room {
			return auth.ErrUnavailable
		}
		defer release()
		if err := f.await(ctx, next, beyondTime); err != nil {
			return err
		}
		known, _ = f.live.Knows(c)
	}
	if !known {
		return f.strange()
	}
	return nil
}

// strange counts a cursor that is nobody's business here. Strangers can send any, so it is no alarm.
func (f *Feed) strange() error {
	f.foreign.Add(1)
	return ErrCursorUnknown
}

// await waits for what should come soon.
func (f *Feed) await(ctx context.Context, soon <-chan struct{}, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-soon:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	case <-f.stopping:
	}
	return auth.ErrUnavailable
}

// enter takes a place among the polls that are held, if there is one.
func (f *Feed) enter() (release func(), room bool) {
	if f.held.Add(1) > f.most {
		f.held.Add(-1)
		f.turnedAway.Add(1)
		return nil, false
	}
	return func() { f.held.Add(-1) }, true
}

// hold waits while there is nothing after a cursor, which was found to be a place in the feed. A hint
// says that there was no room to wait.
func (f *Feed) hold(ctx context.Context, c Cursor, wait time.Duration) (hint time.Duration, err error) {
	turn := f.turn.Load()
	if wait <= 0 || turn.past(c) {
		return 0, nil
	}
	release, room := f.enter()
	if !room {
		return fullHint, nil
	}
	defer release()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for ; !turn.past(c); turn = f.turn.Load() {
		select {
		case <-turn.over:
		case <-timer.C:
			return 0, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-f.stopping:
			return stopHint, nil
		}
		if known, _ := f.live.Knows(c); !known {
			return 0, f.strange()
		}
	}
	return 0, nil
}

// past reports whether there are entries after a cursor that may be told of.
func (t *turn) past(c Cursor) bool { return t.feedID == c.FeedID && t.seq > c.Seq }
