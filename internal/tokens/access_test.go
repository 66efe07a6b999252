package tokens

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// feedAt is the feed of a store at one moment.
type feedAt struct {
	revocation.Store
	clock time.Time
	kills []revocation.Kill
}

func (s *feedAt) Follow(_ context.Context, after int64, _ int) (revocation.Reading, error) {
	r := revocation.Reading{Head: revocation.Head{FeedID: "feed", MaxTTL: time.Hour, AsOf: s.clock}, Clock: s.clock}
	for i, kill := range s.kills {
		r.Head.Seq, r.Head.Mark = int64(i+1), 7
		if r.Head.Seq > after {
			r.Entries = append(r.Entries, revocation.Entry{Kill: kill, Seq: r.Head.Seq, Until: s.clock.Add(time.Hour), Mark: 7})
		}
	}
	return r, nil
}

// follows returns what has read a feed at a moment, which goes on.
func follows(t *testing.T, clock time.Time, kills ...revocation.Kill) *revocation.Follower {
	t.Helper()
	f, err := revocation.New(revocation.Config{Store: &feedAt{clock: clock, kills: kills}, Now: func() time.Time { return clock }, MaxTTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read := f.NextPoll()
	go func() { _ = f.Run(ctx) }()
	<-read
	return f
}

// signs is a service that signs and checks access tokens, on an empty feed.
func signs(t *testing.T) *Sessions {
	t.Helper()
	s := &Sessions{
		live: follows(t, noon), keyring: testRing(t), issuer: usual().Issuer, audience: usual().Audience,
		policy: Policy{AccessTTL: 5 * time.Minute}, random: rand.Reader, record: audit.Discard,
	}
	s.meter.fill()
	return s
}

// The epoch is the session's: with the user's of the moment, a token that lost a race against a logout of
// everything would outlive it.
func TestAnAccessTokenSaysWhatItsSessionIs(t *testing.T) {
	t.Parallel()
	s := signs(t)
	session := &Loaded{
		Session: Session{ID: auth.SessionID{3}, User: auth.UserID{1}, ClientID: ownClient, Epoch: 1,
			CreatedAt: noon.Add(-time.Hour), EndsAt: noon.Add(time.Hour)},
		Owner: User{Epoch: 2, Roles: []string{"reader"}},
	}
	text, lifetime, err := s.mint(session, noon)
	if err != nil || lifetime != 5*time.Minute {
		t.Fatalf("got a lifetime of %v, %v", lifetime, err)
	}
	token, ok := s.keyring.openAccess(text)
	want := usual()
	want.AuthTime, want.Roles = noon.Add(-time.Hour).Unix(), []string{"reader"}
	if diff := cmp.Diff(token.claims, want, cmpopts.IgnoreFields(claims{}, "ID")); diff != "" || !ok {
		t.Errorf("opened: %t; claims (-got +want):\n%s", ok, diff)
	}
}

func TestATokenDiesByAnyOfItsKills(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what string
		kill func(s *Sessions, c claims) revocation.Kill
		want error
	}{
		{"none", func(*Sessions, claims) revocation.Kill { return revocation.Kill{} }, nil},
		{"its session's", func(*Sessions, claims) revocation.Kill { return revocation.KillSession(auth.SessionID{3}) }, ErrTokenInvalid},
		{"its own", func(_ *Sessions, c claims) revocation.Kill { return killOf(revocation.Jti, c.ID) }, ErrTokenInvalid},
		{"its key's", func(s *Sessions, _ claims) revocation.Kill {
			return killOf(revocation.Kid, s.keyring.ring.Load().keys[0].kid)
		}, ErrTokenInvalid},
		{"its user's, above its epoch", func(*Sessions, claims) revocation.Kill { return revocation.KillBelow(auth.UserID{1}, 2) }, ErrTokenInvalid},
		{"its user's, at its epoch", func(*Sessions, claims) revocation.Kill { return revocation.KillBelow(auth.UserID{1}, 1) }, nil},
		{"another session's", func(*Sessions, claims) revocation.Kill { return revocation.KillSession(auth.SessionID{4}) }, nil},
	} {
		s := signs(t)
		s.live = follows(t, noon, test.kill(s, usual()))
		if _, err := s.Authenticate(t.Context(), mustSign(t, s.keyring, usual())); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.what, err, test.want)
		}
	}
}

func killOf(kind revocation.Kind, claim string) revocation.Kill {
	return revocation.Kill{Key: revocation.Key{Kind: kind, Subject: revocation.SubjectOf(claim)}}
}

func TestAMachinesTokenHasNoSession(t *testing.T) {
	t.Parallel()
	s := signs(t)
	machine := usual()
	machine.Session, machine.AuthTime = "", 0
	token := mustSign(t, s.keyring, machine)
	if _, err := s.Authenticate(t.Context(), token); !errors.Is(err, ErrNoSession) {
		t.Errorf("authenticate: got %v, want %v", err, ErrNoSession)
	}
	if err := s.LogOut(t.Context(), LogOut{Access: token}); !errors.Is(err, ErrNoSession) {
		t.Errorf("log out: got %v, want %v", err, ErrNoSession)
	}
}
