package tokens_test

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// How many interleavings each store is put through. Many run side by side, so that the lanes batch
// requests of many sessions.
const (
	c3Histories = 10_000
	c5Histories = 2_000
	atOnce      = 64
)

// C3: whatever two to four clients on two instances do with one session while one of them logs it out,
// their answers fit one order of events. So nothing of the session works once the logout has been
// answered, although a refresh was under way.
func TestC3LogoutsAndRefreshesFitOneOrderOfEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		told := explain(t, play(t, w, leaveOne, fewer(c3Histories)))
		// Both orders of the race must have come up, or nothing was shown.
		for _, outcome := range []string{"refresh", "refresh: session_revoked", "me", "me: invalid_token"} {
			if told[outcome] == 0 {
				t.Errorf("no history had the outcome %q", outcome)
			}
		}
	})
}

// C5: the same for a logout of everything, while others sign in and refresh.
func TestC5LogoutsOfAllAndLoginsFitOneOrderOfEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		told := explain(t, play(t, w, leaveAll, fewer(c5Histories)))
		for _, outcome := range []string{"open", "open: user_changed", "log out of all: invalid_token", "refresh: session_revoked", "me"} {
			if told[outcome] == 0 {
				t.Errorf("no history had the outcome %q", outcome)
			}
		}
	})
}

// fewer is n, or a part of it where there is no time.
func fewer(n int) int {
	switch {
	case testing.Short():
		return n / 20
	case raced:
		return n / 10
	}
	return n
}

// history is what the clients of one user were told.
type history struct {
	t         *testing.T
	instances []*instance
	user      string
	began     time.Time
	first     [maxSlots]tokens.Pair // what each login gave; written before anybody else knows of it

	mu      sync.Mutex
	random  *rand.Rand            // guarded by mu
	calls   []porcupine.Operation // guarded by mu
	unknown bool                  // guarded by mu: a machine that was too busy left a call without an answer
}

// play runs histories of users of their own, many at a time on two instances.
func play(t *testing.T, w *world, story func(*history) []func(who int), n int, change ...func(*tokens.Config)) []*history {
	t.Helper()
	instances := []*instance{w.start(change...), w.start(change...)}
	seed := rand.Uint64()
	all := make([]*history, n)
	var next atomic.Int64
	workers := atOnce
	if raced {
		workers /= 4
	}
	together(min(workers, n), func(int) struct{} {
		for i := int(next.Add(1)) - 1; i < n && !t.Failed(); i = int(next.Add(1)) - 1 {
			all[i] = &history{t: t, instances: instances, user: fmt.Sprintf("user-%d", i),
				began: time.Now(), random: rand.New(rand.NewPCG(seed, uint64(i)))}
			all[i].run(story)
		}
		return struct{}{}
	})
	if t.Failed() {
		t.FailNow()
	}
	return all
}

// run opens a session, lets the clients at it all at once, and afterwards shows every token once more.
func (h *history) run(story func(*history) []func(who int)) {
	const alone = 0
	if err := h.signUp(); err != nil {
		h.t.Error(err)
		return
	}
	h.signIn(alone, 0)
	clients := story(h)
	together(len(clients), func(i int) struct{} { clients[i](i + 1); return struct{}{} })
	for slot := range maxSlots {
		if h.first[slot].AccessToken == "" {
			continue
		}
		h.showAccess(alone, slot)
		for _, token := range slices.Backward(h.given(slot)) {
			h.showRefresh(alone, slot, token)
		}
	}
}

// leaveOne is a logout of one session, with one or two who refresh and perhaps somebody who looks on.
func leaveOne(h *history) []func(who int) {
	clients := []func(int){
		func(who int) {
			for range h.draw(2) {
				h.showAccess(who, 0)
			}
			h.leave(who, logOut, 0)
		},
		h.refresher(0, 1+h.draw(3)),
	}
	if h.draw(2) == 0 {
		clients = append(clients, h.refresher(0, 1+h.draw(2))) // a second tab, which begins with the same token
	}
	if h.draw(2) == 0 {
		clients = append(clients, func(who int) { h.showAccess(who, 0) })
	}
	return clients
}

// leaveAll is a logout of everything in the name of session 0, with a login, a refresh and perhaps
// another login or logout of everything.
func leaveAll(h *history) []func(who int) {
	clients := []func(int){
		func(who int) {
			for range h.draw(2) {
				h.showAccess(who, 0)
			}
			h.leave(who, logOutAll, 0)
		},
		func(who int) {
			if h.signIn(who, 1) {
				h.showAccess(who, 1)
				h.refresher(1, 1)(who)
			}
		},
	}
	if h.draw(2) == 0 {
		clients = append(clients, h.refresher(0, 1+h.draw(2)))
	}
	switch h.draw(3) {
	case 0:
		clients = append(clients, func(who int) { h.signIn(who, 2) })
	case 1:
		clients = append(clients, func(who int) { h.leave(who, logOutAll, 0) })
	}
	return clients
}

// refresher shows the session's first refresh token, then what it was given, and so on.
func (h *history) refresher(slot, times int) func(who int) {
	return func(who int) {
		token := h.first[slot].RefreshToken
		for range times {
			if token = h.showRefresh(who, slot, token); token == "" {
				return
			}
		}
	}
}

func (h *history) signUp() error {
	id, err := auth.NewUserID(time.Now(), crand.Reader)
	if err != nil {
		return err
	}
	_, err = h.instances[0].store.CreateUser(h.t.Context(), accounts.User{ID: id, Username: h.user}, "$hash")
	return err
}

func (h *history) signIn(who, slot int) (opened bool) {
	var proven tokens.Opening
	h.note(who, call{verb: prove}, func(ctx context.Context, i *instance) (answer, error) {
		c, _, _, err := i.store.CredentialsByName(ctx, h.user)
		proven = tokens.Opening{User: c.ID, Epoch: c.Epoch, Version: c.RowVersion, Origin: home}
		return answer{epoch: c.Epoch}, err
	})
	return h.note(who, call{verb: open, slot: slot, epoch: proven.Epoch}, func(ctx context.Context, i *instance) (_ answer, err error) {
		h.first[slot], err = i.Open(ctx, proven)
		return answer{token: h.first[slot].RefreshToken}, err
	}).code == ""
}

func (h *history) showRefresh(who, slot int, token string) (next string) {
	return h.note(who, call{verb: refresh, slot: slot, token: token}, func(ctx context.Context, i *instance) (answer, error) {
		pair, err := i.Refresh(ctx, token, home)
		return answer{token: pair.RefreshToken}, err
	}).token
}

func (h *history) showAccess(who, slot int) {
	h.note(who, call{verb: me, slot: slot}, func(ctx context.Context, i *instance) (answer, error) {
		_, err := i.Authenticate(ctx, h.first[slot].AccessToken)
		return answer{}, err
	})
}

func (h *history) leave(who int, as verb, slot int) {
	scope := map[verb]tokens.Scope{logOut: tokens.ScopeSession, logOutAll: tokens.ScopeAll}[as]
	h.note(who, call{verb: as, slot: slot}, func(ctx context.Context, i *instance) (answer, error) {
		return answer{}, i.LogOut(ctx, tokens.LogOut{Access: h.first[slot].AccessToken, Scope: scope, Origin: home})
	})
}

// note makes a call on one of the instances and writes down what it was answered.
func (h *history) note(who int, c call, do func(context.Context, *instance) (answer, error)) answer {
	i := h.instances[h.draw(len(h.instances))]
	from := time.Since(h.began)
	a, err := do(h.t.Context(), i)
	to := time.Since(h.began)
	var refused *auth.Error
	if errors.As(err, &refused) {
		a.code = refused.Code
	}
	if err != nil && refused == nil {
		h.t.Errorf("%s: %s: %v", h.user, c.verb, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if refused != nil && refused.Kind == auth.Unavailable {
		h.unknown = true // whether it happened is not known, and the model has no word for that
	}
	h.calls = append(h.calls, porcupine.Operation{ClientId: who, Input: c, Output: a, Call: int64(from), Return: int64(to)})
	return a
}

func (h *history) draw(n int) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.random.IntN(n)
}

// given is every refresh token of a session that somebody was given, once, in the order of the answers.
func (h *history) given(slot int) (all []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, op := range h.calls {
		token := op.Output.(answer).token
		if op.Input.(call).slot == slot && token != "" && !slices.Contains(all, token) {
			all = append(all, token)
		}
	}
	return all
}

// explain puts the calls of every history into an order that the model allows, and counts outcomes.
func explain(t *testing.T, all []*history) (told map[string]int) {
	t.Helper()
	told = make(map[string]int)
	checked, calls := 0, 0
	for _, h := range all {
		if h.unknown {
			continue
		}
		checked++
		for _, op := range h.calls {
			told[outcome(op)]++
		}
		calls += len(h.calls)
		if !h.fits() {
			t.Fatalf("no order of events explains what the clients of %s were told:\n%s", h.user, h)
		}
	}
	t.Logf("porcupine: %d histories of %d calls, each fits one order of events", checked, calls)
	if checked < len(all)/2 {
		t.Errorf("of %d histories only %d are whole: the machine was too busy to show anything", len(all), checked)
	}
	for _, what := range slices.Sorted(maps.Keys(told)) {
		t.Logf("%8d %s", told[what], what)
	}
	return told
}

// fits reports whether the history is linearizable.
func (h *history) fits() bool {
	return porcupine.CheckOperations(userModel, h.calls)
}

func (h *history) String() string {
	var b strings.Builder
	for _, op := range h.calls {
		fmt.Fprintf(&b, "client %d, %v to %v, session %d: %s\n", op.ClientId,
			time.Duration(op.Call), time.Duration(op.Return), op.Input.(call).slot, outcome(op))
	}
	return b.String()
}

func outcome(op porcupine.Operation) string {
	what := string(op.Input.(call).verb)
	if code := op.Output.(answer).code; code != "" {
		what += ": " + code
	}
	return what
}
