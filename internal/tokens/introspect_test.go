package tokens

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// machine are the claims of a client's token.
func machine() claims {
	c := usual()
	c.Client, c.Session, c.AuthTime, c.Scope = c.Subject, "", 0, "orders:read orders:write"
	return c
}

func TestAMachinesTokenIsToldWithoutASession(t *testing.T) {
	t.Parallel()
	s := signs(t)
	got, live, err := s.Introspect(t.Context(), mustSign(t, s.keyring, machine()), nil)
	want := Introspection{ID: machine().ID, Issuer: machine().Issuer, Subject: machine().Subject, Client: machine().Subject,
		Audience: machine().Audience, Scope: "orders:read orders:write", Epoch: 1, IssuedAt: noon, Expiry: noon.Add(5 * time.Minute)}
	if diff := cmp.Diff(want, got); err != nil || !live || diff != "" {
		t.Errorf("%t, %v (-want +got):\n%s", live, err, diff)
	}
}

func TestARaisedEpochOfAMachineIsHeardOf(t *testing.T) { // C25
	t.Parallel()
	s := signs(t)
	token := mustSign(t, s.keyring, machine())
	s.live = follows(t, noon, revocation.KillBelow(auth.UserID{1}, 2))
	if got, live, err := s.Introspect(t.Context(), token, nil); err != nil || live || got.Subject != "" {
		t.Errorf("got %+v, %t, %v", got, live, err)
	}
}

// Dead is said of what was heard of, however long ago. Anything else would be a guess.
func TestWithoutNewsNothingIsToldToBeAlive(t *testing.T) {
	t.Parallel()
	s := signs(t)
	token := mustSign(t, s.keyring, usual())
	s.live = unread{}
	if got, live, err := s.Introspect(t.Context(), token, nil); auth.KindOf(err) != auth.Unavailable || live || got.Subject != "" {
		t.Errorf("got %+v, %t, %v", got, live, err)
	}
	if _, live, err := s.Introspect(t.Context(), "garbage", nil); live || err != nil {
		t.Errorf("garbage: got %t, %v", live, err)
	}
}

func TestAMachinesTokenIsItsOwn(t *testing.T) { // C10
	t.Parallel()
	s := signs(t)
	s.store = refusing{}
	token := mustSign(t, s.keyring, machine())
	for holder, want := range map[auth.ClientID]error{{1}: errWritten, {2}: ErrForeignToken, {}: ErrClientMustProve} {
		if err := s.RevokePresented(t.Context(), token, holder, Origin{}); !errors.Is(err, want) {
			t.Errorf("shown by %s: got %v, want %v", holder, err, want)
		}
	}
}

// A kill of a token that every verifier refuses anyway would only make the feed longer.
func TestATokenThatIsOverIsNotKilled(t *testing.T) { // C4
	t.Parallel()
	s := signs(t)
	s.store = refusing{}
	for end, want := range map[time.Duration]error{
		time.Second: errWritten, 0: errWritten, -time.Minute: errWritten, -time.Minute - time.Second: nil} {
		c := usual()
		c.Expiry = noon.Add(end).Unix()
		if err := s.RevokePresented(t.Context(), mustSign(t, s.keyring, c), auth.ClientID{}, Origin{}); !errors.Is(err, want) {
			t.Errorf("%v from its end: got %v, want %v", end, err, want)
		}
	}
	c := usual()
	token := mustSign(t, s.keyring, c)
	s.live = follows(t, noon, revocation.KillSession(auth.SessionID{3}))
	if err := s.RevokePresented(t.Context(), token, auth.ClientID{}, Origin{}); err != nil {
		t.Errorf("of an ended session: got %v", err)
	}
}

// refusing is a store that says when it is asked to write.
type refusing struct{ Store }

var errWritten = errors.New("a kill was written")

func (refusing) Kills(context.Context, []revocation.Key) ([]revocation.Entry, time.Time, error) {
	return nil, noon, nil
}

func (refusing) AddKills(context.Context, []revocation.Kill, uint64) error { return errWritten }
