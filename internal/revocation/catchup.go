package revocation

import (
	"context"
)

const (
	// catchUpLimit is the entries of one reading far behind the head: what it costs to ask is small
	// beside them, and they are small beside the set.
	catchUpLimit = 1 << 14
	// catchUpAhead is how many readings are under way while the last one is added: reading a million
	// entries keeps a core of the store's busy for half a second. With two of them, one that was answered
	// first waited for the other, and its core had nothing to do; a fourth brought nothing.
	catchUpAhead = 3
)

// inTurn is a reading that was asked for before its turn.
type inTurn struct {
	after   int64
	reading Reading
	err     error
}

// catchUp reads while the head is far, several readings at once. Each is asked for at the place where the
// one before should end: numbers have gaps only where the collector was. One that turns out not to follow
// is dropped, and poll goes on from there.
//
// Readings that were asked for before their turn say nothing about time: nobody's wait ends here, and
// nothing is called fresh.
func (f *Follower) catchUp(ctx context.Context, head int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var asked []chan inTurn
	for next := f.place(); ; {
		for len(asked) < catchUpAhead && next+catchUpLimit <= head {
			asked = append(asked, f.ask(ctx, next))
			next += catchUpLimit
		}
		if len(asked) == 0 {
			return nil
		}
		answer := <-asked[0]
		asked = asked[1:]
		if answer.err != nil || answer.after != f.place() {
			return answer.err
		}
		if next+catchUpLimit <= head {
			asked, next = append(asked, f.ask(ctx, next)), next+catchUpLimit
		}
		f.take(ctx, &answer.reading, catchUpLimit)
		f.tellSize()
	}
}

// ask reads in the background. The answer finds room whether somebody still wants it or not.
func (f *Follower) ask(ctx context.Context, after int64) chan inTurn {
	answer := make(chan inTurn, 1)
	go func() {
		reading, err := f.read(ctx, after, catchUpLimit)
		answer <- inTurn{after, reading, err}
	}()
	return answer
}

// read asks the store, and not for long.
func (f *Follower) read(ctx context.Context, after int64, limit int) (Reading, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	r, err := f.config.Store.Follow(ctx, after, limit)
	if err == nil {
		f.counters.polls.Add(1)
	}
	return r, err
}

func (f *Follower) place() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cursor.Seq
}
