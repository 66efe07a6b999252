package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

var ada = map[string]string{"username": "ada", "password": "a cup of tea at four"}

// signIn opens a session on a device and shows it.
func (s *stage) signIn(ctx context.Context, began time.Time, device string) (t tokens, err error) {
	a, err := s.authd.want(ctx, http.StatusOK, http.MethodPost, "/login", "",
		map[string]string{"username": ada["username"], "password": ada["password"], "device": device})
	if err != nil {
		return t, err
	}
	if t, err = decode[tokens](a); err != nil {
		return t, err
	}
	s.event(time.Since(began), "authd", "POST /login", a.status,
		fmt.Sprintf("on the %s: tokens, access for %d min", device, t.ExpiresIn/60))
	return t, nil
}

// offline shows that notes verifies by itself.
func (s *stage) offline(ctx context.Context) (err error) {
	s.act("Ada signs in at authd and uses the service")
	began := time.Now()
	if _, err := s.authd.want(ctx, http.StatusCreated, http.MethodPost, "/register", "", ada); err != nil {
		return err
	}
	s.event(time.Since(began), "authd", "POST /register", http.StatusCreated, "a user, her password hashed by bcrypt")
	if s.ada, err = s.signIn(ctx, began, "laptop"); err != nil {
		return err
	}
	if _, err := s.notes.want(ctx, http.StatusCreated, http.MethodPost, "/notes", s.ada.Access, map[string]string{"text": "buy milk"}); err != nil {
		return err
	}
	s.event(time.Since(began), "notes", "POST /notes", http.StatusCreated, `"buy milk"`)

	const times = 1000 // the fact below says it in words
	before, err := s.asked(ctx)
	if err != nil {
		return err
	}
	first := time.Now()
	for range times {
		if _, err := s.notes.want(ctx, http.StatusOK, http.MethodGet, "/notes", s.ada.Access, nil); err != nil {
			return err
		}
	}
	each := time.Since(first) / times
	s.event(time.Since(began), "notes", "GET /notes", http.StatusOK, fmt.Sprintf("and %d times more, %s each", times-1, precisely(each)))
	after, err := s.asked(ctx)
	if err != nil {
		return err
	}
	if after != before {
		return fmt.Errorf("authd was asked %d times while notes verified %d tokens: want none", after-before, times)
	}
	s.fact("authd saw none of these 1,000 requests")
	s.note("notes has authd's public keys, and one request that waits at\nauthd and is answered as soon as somebody is logged out.")
	return nil
}

// logOut shows the one thing that this is all about.
func (s *stage) logOut(ctx context.Context) error {
	s.act("Ada logs out")
	began := time.Now()
	if _, err := s.authd.want(ctx, http.StatusNoContent, http.MethodPost, "/logout", s.ada.Access, nil); err != nil {
		return err
	}
	acknowledged := time.Now()
	s.event(0, "authd", "POST /logout", http.StatusNoContent,
		fmt.Sprintf("stored and answered in %s", precisely(acknowledged.Sub(began))))
	after, err := s.refusedFrom(ctx, acknowledged, s.ada)
	if err != nil {
		return err
	}
	if err := s.refreshRefused(ctx, acknowledged, s.ada); err != nil {
		return err
	}
	s.fact("refused by the service %s after authd's answer", precisely(after))
	s.note("Her access token says that it is good for five minutes. It is not.")
	return nil
}

// refusedFrom waits until notes refuses a token, and shows when that was.
func (s *stage) refusedFrom(ctx context.Context, zero time.Time, t tokens) (time.Duration, error) {
	after, passed, err := s.notes.refused(ctx, zero, "/notes", t.Access)
	if err != nil {
		return after, err
	}
	meaning := "refused, at the first try"
	if passed > 0 {
		meaning = fmt.Sprintf("refused, after %d more that passed", passed)
	}
	s.event(after, "notes", "GET /notes", http.StatusUnauthorized, meaning)
	return after, nil
}

// refreshRefused shows that the session gives no new tokens either.
func (s *stage) refreshRefused(ctx context.Context, zero time.Time, t tokens) error {
	a, err := s.authd.want(ctx, http.StatusUnauthorized, http.MethodPost, "/refresh", "", map[string]string{"refresh_token": t.Refresh})
	if err != nil {
		return err
	}
	r, err := decode[refusal](a)
	if err != nil {
		return err
	}
	if r.Code != "session_revoked" {
		return fmt.Errorf("the refresh is refused with %q, want session_revoked", r.Code)
	}
	s.event(time.Since(zero), "authd", "POST /refresh", a.status, r.Code)
	return nil
}

// everywhere ends all sessions of a user by one number.
func (s *stage) everywhere(ctx context.Context) error {
	s.act("Ada loses her phone, and logs out everywhere from her tablet")
	began := time.Now()
	var all [3]tokens
	for i, device := range []string{"laptop", "phone", "tablet"} {
		var err error
		if all[i], err = s.signIn(ctx, began, device); err != nil {
			return err
		}
	}
	if _, err := s.authd.want(ctx, http.StatusNoContent, http.MethodPost, "/logout", all[2].Access, map[string]string{"scope": "all"}); err != nil {
		return err
	}
	zero := time.Now()
	s.event(0, "authd", "POST /logout", http.StatusNoContent, `{"scope":"all"}: one number is raised`)
	var last time.Duration
	for _, t := range all {
		after, err := s.refusedFrom(ctx, zero, t)
		if err != nil {
			return err
		}
		last = max(last, after)
	}
	if err := s.refreshRefused(ctx, zero, all[1]); err != nil {
		return err
	}
	s.fact("three devices logged out everywhere within %s", precisely(last))
	return nil
}

// disable is the operator's way, by another process on the same file.
func (s *stage) disable(ctx context.Context) error {
	s.act("An operator shuts Ada out, by a command beside the running server")
	began := time.Now()
	t, err := s.signIn(ctx, began, "laptop")
	if err != nil {
		return err
	}
	if _, err := s.notes.want(ctx, http.StatusOK, http.MethodGet, "/notes", t.Access, nil); err != nil {
		return err
	}
	s.event(time.Since(began), "notes", "GET /notes", http.StatusOK, "she is in")
	if err := s.command(ctx, "users", "disable", ada["username"]); err != nil {
		return err
	}
	zero := time.Now()
	s.typed(0, "authd users disable ada")
	after, err := s.refusedFrom(ctx, zero, t)
	if err != nil {
		return err
	}
	a, err := s.authd.want(ctx, http.StatusUnauthorized, http.MethodPost, "/login", "", ada)
	if err != nil {
		return err
	}
	s.event(time.Since(zero), "authd", "POST /login", a.status, "the same answer as for a wrong password")
	s.fact("shut out %s after the command ended", precisely(after))
	if err := s.command(ctx, "users", "enable", ada["username"]); err != nil {
		return err
	}
	s.typed(time.Since(zero), "authd users enable ada")
	if _, err := s.notes.want(ctx, http.StatusUnauthorized, http.MethodGet, "/notes", t.Access, nil); err != nil {
		return err
	}
	s.event(time.Since(zero), "notes", "GET /notes", http.StatusUnauthorized, "old tokens stay dead: she signs in again")
	return nil
}

// outage takes authd away: what was verified offline goes on, for as long as the service allows.
func (s *stage) outage(ctx context.Context) error {
	s.act("authd goes down")
	began := time.Now()
	t, err := s.signIn(ctx, began, "laptop")
	if err != nil {
		return err
	}
	s.authdProgram.kill()
	zero := time.Now()
	s.typed(0, fmt.Sprintf("kill -9 %d", s.authdProgram.cmd.Process.Pid))
	s.authdProgram = nil
	if _, err := s.notes.want(ctx, http.StatusOK, http.MethodGet, "/notes", t.Access, nil); err != nil {
		return err
	}
	s.event(time.Since(zero), "notes", "GET /notes", http.StatusOK, "verified offline, as before")
	s.note("Without news of logouts each route goes on for its own budget:\n10 s for deleting, 5 min for reading. Then it answers 503, not\n401, until authd is back.")
	return nil
}

// end says where to go on.
func (s *stage) end() {
	s.line("")
	s.line(s.paint(green, "Everything above was checked while it happened.") + " Read on:")
	s.line("")
	for _, l := range [][2]string{
		{"README.md", "start authd, and the routes"},
		{"examples/notes", "the service that you saw, to be copied from"},
		{"verify/README.md", "the package that it imports"},
		{"docs/feed.md", "how the news travels, and the bound on how late it may be"},
		{"docs/design.md", "why it is built this way"},
	} {
		s.line(fmt.Sprintf("  %-18s %s", l[0], s.paint(faint, l[1])))
	}
	s.line("")
}
