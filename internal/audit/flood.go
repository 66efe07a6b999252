package audit

import (
	"errors"
	"time"
)

const (
	maxNobodys = 100 // events of one second that strangers cause and that name nobody
	maxRepeats = 30  // events of one name of one session, or of one user who is guessed at, in one minute
)

// ErrFlood is why an event is dropped of which there are many alike. Anybody can cause any number that
// name nobody, and who holds one refresh token any number of retries, thousands a second: they must
// neither fill the table nor take the room of what concerns others.
var ErrFlood = errors.New("too many events alike")

// flood counts what can be caused at will.
type flood struct {
	second  int64 // in which nobodys were counted
	nobodys int
	minute  int64 // in which repeats were counted
	repeats map[repeat]int
}

type repeat struct {
	whose [16]byte // a session, or a user
	name  Name
}

// takes reports whether one more like e may be kept.
func (f *flood) takes(e *Event, now time.Time) bool {
	nobody := [16]byte{}
	switch {
	case e.Session != nobody:
		return f.again(repeat{e.Session, e.Name}, now)
	// A guess that is refused costs the guesser nothing, so there can be any number.
	case e.Name == LoginThrottled && e.User != nobody:
		return f.again(repeat{e.User, e.Name}, now)
	case e.Actor == User && e.User == nobody:
		if second := now.Unix(); second != f.second {
			f.second, f.nobodys = second, 0
		}
		f.nobodys++
		return f.nobodys <= maxNobodys
	}
	return true
}

func (f *flood) again(r repeat, now time.Time) bool {
	if minute := now.Unix() / 60; minute != f.minute || f.repeats == nil {
		f.minute, f.repeats = minute, make(map[repeat]int)
	}
	if f.repeats[r] >= maxRepeats {
		return false
	}
	f.repeats[r]++
	return true
}
