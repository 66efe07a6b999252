//go:build unix

package postgres

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// tap listens on the one connection of a store, and can cut it.
type tap struct {
	mu       sync.Mutex
	messages int  // what was sent after something was read, and so had to wait for it
	sending  bool // the last thing that passed was sent

	cut    int  // the connection is cut at the message of this number, if it is not zero:
	answer bool // after it arrived and before its answer does, or else before it leaves
}

// tapped opens a second store on the data of s, with one connection that is tapped.
func tapped(t *testing.T, s *Store) (*Store, *tap) {
	t.Helper()
	c := Config{URL: s.config.URL, MaxConns: 1}
	config, err := poolConfig(c)
	if err != nil {
		t.Fatal(err)
	}
	line := &tap{}
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return tappedConn{conn, line}, err
	}
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	other, err := newStore(t.Context(), c, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	return other, line
}

type tappedConn struct {
	net.Conn
	line *tap
}

func (c tappedConn) Write(b []byte) (int, error) {
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	if !c.line.sending {
		c.line.messages++
	}
	c.line.sending = true
	if c.line.messages == c.line.cut && !c.line.answer {
		return 0, c.sever()
	}
	return c.Conn.Write(b)
}

func (c tappedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	if n > 0 && c.line.messages == c.line.cut {
		return 0, c.sever()
	}
	if n > 0 {
		c.line.sending = false
	}
	return n, err
}

func (c tappedConn) sever() error {
	c.line.cut, c.line.sending = 0, false
	_ = c.Conn.Close()
	return syscall.ECONNRESET
}

// cutNext cuts the connection at the nth message from now.
func (l *tap) cutNext(nth int, answer bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.answer = l.messages+nth, answer
}

// count returns how many messages a call waited for.
func (l *tap) count(call func()) int {
	l.mu.Lock()
	before := l.messages
	l.mu.Unlock()
	call()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.messages - before
}

// A batch of refreshes is a load and a swap: two messages, the commit included. Deaths are as many, and
// a change of a user is one more.
func TestCallsTakeOneMessageAndChangesOfUsersTwo(t *testing.T) {
	t.Parallel()
	s, ids := headed(t, 300)
	user, sessions := ownerOf(t, s, ids[0])
	store, line := tapped(t, s)
	ctx := t.Context()
	calls := map[string]struct {
		call func() error
		want int
	}{
		"LoadSessions": {func() error { _, _, err := store.LoadSessions(ctx, ids[:256]); return err }, 1},
		"Rotate":       {func() error { _, err := store.Rotate(ctx, rotationsOf(ids[:256], 1)); return err }, 1},
		"Rotate of one": {func() error {
			_, err := store.Rotate(ctx, rotationsOf(ids[:1], 1))
			return err
		}, 1},
		"End":   {func() error { _, err := store.End(ctx, deathsOf(ids[100:]...), 7); return err }, 1},
		"Clock": {func() error { _, err := store.Clock(ctx); return err }, 1},
		"Kills": {func() error {
			_, _, err := store.Kills(ctx, []revocation.Key{revocation.KillSession(ids[0]).Key})
			return err
		}, 1},
		"Follow":       {func() error { _, err := store.Follow(ctx, 0, 100); return err }, 1},
		"Vouch":        {func() error { return store.Vouch(ctx, time.Now()) }, 1},
		"CollectKills": {func() error { _, err := store.CollectKills(ctx, time.Now(), 4096, 100); return err }, 1},
		"LoadUser": {func() error {
			var err error
			user, _, _, _, err = store.LoadUser(ctx, user.ID)
			return err
		}, 1},
		"ChangeUser": {func() error {
			_, err := store.ChangeUser(ctx, tokens.UserChange{User: user.ID, Version: user.RowVersion,
				Guard: sessions[0].ID, End: deathsOf(sessions[0].ID), RaiseEpoch: true}, 8)
			return err
		}, 2},
		"CredentialsByName": {func() error { _, _, _, err := store.CredentialsByName(ctx, "nobody"); return err }, 1},
		"Present": {func() error {
			_, err := store.Present(ctx, []accounts.Wanted{{ID: user.ID, Username: "ann"}})
			return err
		}, 1},
		"AddUsers":         {func() error { return store.AddUsers(ctx, strangers(300), nil) }, 1},
		"CredentialsAfter": {func() error { _, err := store.CredentialsAfter(ctx, "", 300); return err }, 1},
		"Counters": {func() error {
			_, _, _, err := store.Counters(ctx, make([]accounts.CounterKey, 3), user.ID, netip.MustParsePrefix("192.0.2.7/32"))
			return err
		}, 1},
		"SwapCounters": {func() error {
			_, err := store.SwapCounters(ctx, []accounts.Counter{{At: time.Now()}, {CounterKey: accounts.CounterKey{Source: [16]byte{1}}, At: time.Now()}})
			return err
		}, 1},
		"RaiseHead":     {func() error { _, err := store.RaiseHead(ctx, "feed", 0, 0); return err }, 1},
		"LoadKeyring":   {func() error { _, err := store.LoadKeyring(ctx); return err }, 1},
		"ChangeKeyring": {func() error { return turnKeyring(t, store) }, 2}, // one of them loads
		"OldestSession": {func() error { _, _, err := store.OldestSession(ctx); return err }, 1},
	}
	for name, c := range calls {
		if err := c.call(); err != nil { // the first time prepares the statements
			t.Fatalf("%s: %v", name, err)
		}
		if _, _, _, _, err := store.LoadUser(ctx, user.ID); err != nil {
			t.Fatal(err)
		}
		got := line.count(func() {
			if err := c.call(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		if name == "ChangeUser" {
			// The second time was refused. A third one, of the next version, is not.
			user, sessions = ownerOf(t, s, ids[0])
			got = line.count(func() {
				if applied, err := store.ChangeUser(ctx, tokens.UserChange{User: user.ID, Version: user.RowVersion, RaiseEpoch: true}, 8); err != nil || !applied {
					t.Errorf("%s: %t, %v", name, applied, err)
				}
			})
		}
		if got != c.want {
			t.Errorf("%s took %d messages, want %d", name, got, c.want)
		}
	}
}

// strangers are users whom nobody has seen before.
func strangers(n int) []accounts.Credentials {
	users := make([]accounts.Credentials, n)
	for i := range users {
		id := auth.UserID(randomID())
		users[i] = accounts.Credentials{User: accounts.User{ID: id, Username: id.String(), CreatedAt: time.Now()}, PasswordHash: "hash"}
	}
	return users
}

// G19: whoever has a pooler that forgets prepared statements may choose another mode, and no mode puts
// values into SQL text.
func TestWorksInEveryModeOfTheExtendedProtocolAndRefusesTheSimpleOne(t *testing.T) {
	t.Parallel()
	s, ids := headed(t, 10)
	for i, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec"} {
		other := opened(t, Config{URL: withMode(s.config.URL, mode)})
		user, _ := ownerOf(t, other, ids[i])
		now, err := other.Clock(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", mode, err)
		}
		opening := tokens.Session{ID: randomID(), User: user.ID, ClientID: "authd", CurrentHash: randomHash(),
			CreatedAt: now, RotatedAt: now, IdleEndsAt: now.Add(time.Hour), EndsAt: now.Add(time.Hour)}
		applied, err := other.ChangeUser(t.Context(), tokens.UserChange{User: user.ID, Version: user.RowVersion, Guard: ids[i],
			End: deathsOf(ids[i]), Open: &opening, RaiseEpoch: true, PasswordHash: "new"}, 1<<63)
		if err != nil || !applied {
			t.Errorf("%s: applied %t, error %v", mode, applied, err)
		}
		if written, err := other.Rotate(t.Context(), rotationsOf(ids[4:6], int64(i+1))); err != nil || len(written) != 2 {
			t.Errorf("%s: wrote %d, error %v", mode, len(written), err)
		}
		if written, err := other.Rotate(t.Context(), rotationsOf(ids[6:7], int64(i+1))); err != nil || len(written) != 1 {
			t.Errorf("%s: wrote %d, error %v", mode, len(written), err)
		}
		if err := other.AddUsers(t.Context(), strangers(3), nil); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		if p, err := other.Present(t.Context(), []accounts.Wanted{{ID: user.ID}}); err != nil || len(p.Users) != 1 {
			t.Errorf("%s: found %d, error %v", mode, len(p.Users), err)
		}
		if ended, err := other.End(t.Context(), deathsOf(opening.ID), 1); err != nil || len(ended) != 1 {
			t.Errorf("%s: ended %d, error %v", mode, len(ended), err)
		}
		if _, err := other.CollectSessions(t.Context(), now, 10); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
	}
	if _, err := Open(t.Context(), Config{URL: withMode(s.config.URL, "simple_protocol")}); err == nil {
		t.Error("the simple protocol was accepted")
	}
}

// A pooler that keeps no prepared statements has the feed come as text, which is read another way.
func TestC22TheFeedIsFollowedInEveryModeOfTheExtendedProtocol(t *testing.T) {
	t.Parallel()
	s, ids := headed(t, 3)
	if _, err := s.End(t.Context(), deathsOf(ids...), 1<<63); err != nil {
		t.Fatal(err)
	}
	key := revocation.Key{Kind: revocation.Kid, Subject: revocation.SubjectOf("key")}
	if err := s.AddKills(t.Context(), []revocation.Kill{{Key: key}}, 7); err != nil {
		t.Fatal(err)
	}
	want, err := s.Follow(t.Context(), 1, 10)
	if err != nil || len(want.Entries) != 3 || !want.Found {
		t.Fatalf("got %+v, %v, want a place and 3 entries after it", want, err)
	}
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec"} {
		other := opened(t, Config{URL: withMode(s.config.URL, mode)})
		got, err := other.Follow(t.Context(), 1, 10)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(revocation.Reading{}, "Clock")); err != nil || diff != "" {
			t.Errorf("%s: error %v (-want +got):\n%s", mode, err, diff)
		}
	}
}

// withMode adds pgx's name of a mode to a URL.
func withMode(url, mode string) string {
	if strings.Contains(url, "?") {
		return url + "&default_query_exec_mode=" + mode
	}
	return url + "?default_query_exec_mode=" + mode
}
