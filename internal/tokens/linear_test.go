package tokens_test

import (
	"fmt"

	"github.com/anishathalye/porcupine"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// verb is what a client does to a user.
type verb string

const (
	prove     verb = "prove"          // read what a login reads: the epoch
	open      verb = "open"           // open a session with an epoch that was read
	refresh   verb = "refresh"        // show a refresh token
	me        verb = "me"             // show the session's first access token
	logOut    verb = "log out"        // of the session
	logOutAll verb = "log out of all" // of everything, in the name of the session
)

// call is one request, and answer what came back.
type call struct {
	verb  verb
	slot  int        // which session of the history
	epoch auth.Epoch // open
	token string     // refresh: what is shown
}

type answer struct {
	code  string     // empty: yes
	token string     // open, refresh: the refresh token that was given
	epoch auth.Epoch // prove
}

// maxSlots is how many sessions one history may open. It stays below the limit of a user.
const maxSlots = 3

// userState is a user as the model has it: no time, no lanes, no rows. It is comparable, which is how
// the checker recognises a state that it has seen.
type userState struct {
	epoch    auth.Epoch
	sessions [maxSlots]sessionState
}

type sessionState struct {
	epoch           auth.Epoch
	current, parent string // refresh tokens; both empty: not opened
	ended           string // the code of what ended it
}

// refusal is why nothing of a session works; empty if it is live.
func (u userState) refusal(slot int) string {
	switch s := u.sessions[slot]; {
	case s.ended != "":
		return s.ended
	case s.epoch < u.epoch:
		return tokens.ErrSessionRevoked.Code
	}
	return ""
}

// userModel is what the sessions of one user may do, whoever asks and in whatever order: C3 and C5 as a
// machine that does one thing at a time. A history is right if its calls can be put in one order, each
// between its call and its answer, in which this machine gives the same answers.
var userModel = porcupine.Model{
	Init: func() any { return userState{} },
	Step: func(state, in, out any) (bool, any) {
		right, next := state.(userState).step(in.(call), out.(answer))
		return right, next
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v: %+v", in, out) },
}

func (u userState) step(c call, a answer) (right bool, next userState) {
	s := &u.sessions[c.slot]
	refusal := u.refusal(c.slot)
	switch c.verb {
	case prove:
		return a.epoch == u.epoch, u
	case open:
		if c.epoch != u.epoch {
			return a.code == tokens.ErrUserChanged.Code, u
		}
		*s = sessionState{epoch: c.epoch, current: a.token}
		return a.code == "", u
	case me:
		return (a.code == "") == (refusal == ""), u
	case logOut:
		if s.ended == "" {
			s.ended = tokens.ErrSessionRevoked.Code
		}
		return a.code == "", u
	case logOutAll:
		if refusal != "" {
			return a.code == tokens.ErrTokenInvalid.Code, u
		}
		u.epoch++
		return a.code == "", u
	}
	if refusal != "" {
		return a.code == refusal, u
	}
	switch c.token {
	case s.current:
		s.parent, s.current = s.current, a.token
		return a.code == "" && a.token != c.token, u
	case s.parent: // the window outlasts every history
		return a.code == "" && a.token == s.current, u
	}
	s.ended = tokens.ErrRefreshTokenReused.Code
	return a.code == s.ended, u
}
