package audit

import (
	"context"
	"net/netip"
	"time"
)

// Event is one thing that happened to one user or session. Members that do not apply are zero.
type Event struct {
	// At is when, by the clock of whoever decided. A [Writer] fills in its own, and keeps whole
	// milliseconds.
	At     time.Time
	Name   Name
	Reason Reason
	// Actor is empty for [User], who causes nearly everything.
	Actor   Actor
	User    [16]byte // an auth.UserID
	Session [16]byte // an auth.SessionID
	// Subject is what else the event is about: a jti, a kid, a client.
	Subject string
	// Address and UserAgent are the request's. Of a user who is gone they are not kept.
	Address   netip.Addr
	UserAgent string
}

// Sink takes events. It must not block for long and must not fail the request that it hears of.
type Sink func(context.Context, Event)

// Discard is the sink that forgets.
func Discard(context.Context, Event) {}

// Each returns a sink that hands every event to all sinks, in their order.
func Each(sinks ...Sink) Sink {
	return func(ctx context.Context, e Event) {
		for _, sink := range sinks {
			sink(ctx, e)
		}
	}
}
