package audit

import (
	"errors"
	"time"
)

const (
	maxNobodys = 100 // events of one name in one second that strangers cause and that name nobody
	maxRepeats = 30  // events of one name of one session, one client, or one user who is guessed at, in one minute
)

// ErrFlood is why an event is dropped of which there are many alike. Anybody can cause any number that
// name nobody, or one user whose name is known, and who holds one refresh token any number of retries,
// thousands a second: they must neither fill the table nor take the room of what concerns others.
var ErrFlood = errors.New("too many events alike")

// flood counts what can be caused at will.
type flood struct {
	second  int64 // in which nobodys were counted
	nobodys map[Name]int
	minute  int64 // in which repeats were counted
	repeats map[repeat]int
}

// repeat is of one session, else of one user, else of what else the event is about.
type repeat struct {
	id      [16]byte
	subject string
	name    Name
}

// takes reports whether one more like e may be kept. What operators and authd itself do is always, but
// whoever reaches the operators' listener can be refused there.
func (f *flood) takes(e *Event, now time.Time) bool {
	nobody := [16]byte{}
	switch {
	case e.Session != nobody:
		return f.again(repeat{id: e.Session, name: e.Name}, now)
	case e.Name == AdminRefused:
		return f.stranger(e.Name, now)
	case e.Actor != User:
		return true
	// A guess that is refused costs the guesser nothing, so there can be any number.
	case e.Name == LoginThrottled && e.User != nobody:
		return f.again(repeat{id: e.User, name: e.Name}, now)
	case e.User != nobody:
		return true
	case e.Subject != "":
		return f.again(repeat{subject: e.Subject, name: e.Name}, now)
	}
	return f.stranger(e.Name, now)
}

// stranger counts each name by itself: who floods one does not hide another.
func (f *flood) stranger(name Name, now time.Time) bool {
	if second := now.Unix(); second != f.second || f.nobodys == nil {
		f.second, f.nobodys = second, make(map[Name]int)
	}
	f.nobodys[name]++
	return f.nobodys[name] <= maxNobodys
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
