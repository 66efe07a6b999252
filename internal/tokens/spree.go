package tokens

import (
	"maps"
	"sync"
	"time"

	"github.com/authd/authd/internal/auth"
)

// maxSpree is how many access tokens of one session are killed one by one while the first of them could
// still be alive. An honest client revokes one or two, and then its session. Who holds a refresh token can
// have an access token as often as he shows it, and each kill is kept by all instances and all verifiers for
// longer than its token lives: at a thousand a second one session would fill them.
const maxSpree = 16

// sprees counts, by session, the access tokens that were killed one by one at this instance. The zero value
// is ready.
type sprees struct {
	mu  sync.Mutex
	of  map[auth.SessionID]spree
	due int // the size at which those that are over are dropped
}

type spree struct {
	kills int
	until time.Time
}

// goOn counts one more kill, and reports whether it may be one of a single token. life is for how long a
// token can be alive.
func (s *sprees) goOn(session auth.SessionID, clock time.Time, life time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.of) >= s.due {
		s.drop(clock)
	}
	one := s.of[session]
	if !clock.Before(one.until) {
		one = spree{until: clock.Add(life)}
	}
	one.kills++
	s.of[session] = one
	return one.kills <= maxSpree
}

// drop forgets those that are over. What is left is bounded by logins, which are dear.
func (s *sprees) drop(clock time.Time) {
	if s.of == nil {
		s.of = map[auth.SessionID]spree{}
	}
	maps.DeleteFunc(s.of, func(_ auth.SessionID, one spree) bool { return !clock.Before(one.until) })
	s.due = max(1024, 2*len(s.of))
}
