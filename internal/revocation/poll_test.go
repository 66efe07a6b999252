package revocation

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/internal/auth"
)

func TestAPollIsHeldUntilThereIsAnEntry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(1)...)
		first, _ := i.ask(t, "", 0)
		go func() {
			time.Sleep(7 * time.Second)
			i.store.kill(sessions(2)...) // of another instance: the next poll of the store shows it
		}()
		within(t, "a poll", 7*time.Second, 7*time.Second+pollEvery+turnPause, func() {
			got, hint := i.ask(t, first.cursor(), 30*time.Second)
			if got.To != 3 || hint != 0 {
				t.Errorf("got a page to %d, hint %v", got.To, hint)
			}
		})
		within(t, "a poll behind the head", 0, 0, func() { i.ask(t, first.cursor(), 30*time.Second) })
	})
}

func TestAWaitEndsWithAPageThatSaysNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(1)...)
		first, _ := i.ask(t, "", 0)
		within(t, "no wait", 0, 0, func() { i.ask(t, first.cursor(), 0) })
		// as_of moves every two seconds meanwhile. That is no news.
		within(t, "a wait", 20*time.Second, 20*time.Second, func() {
			got, hint := i.ask(t, first.cursor(), 20*time.Second)
			if len(got.Entries) != 0 || got.cursor() != first.cursor() || hint != 0 {
				t.Errorf("got %d entries, cursor %s, hint %v", len(got.Entries), got.cursor(), hint)
			}
			if age := got.Now - got.AsOf; age > 3000 || got.AsOf <= first.AsOf {
				t.Errorf("as_of is %d ms old, and was %d, %d before", age, first.AsOf, got.AsOf)
			}
		})
	})
}

// A follower that comes from an instance which has read more is not sent back to the beginning (C17).
func TestAPlaceThatWasNotReadYetIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		one := start(t, sessions(1)...)
		other := join(t, one.store)
		synctest.Wait()
		time.Sleep(pollEvery / 2)
		one.kill(sessions(1)...)
		ahead, _ := one.ask(t, "", 0)
		calls := one.store.called()
		within(t, "a place beyond", time.Millisecond, pollEvery, func() {
			if got, _ := other.ask(t, ahead.cursor(), 0); got.To != 2 {
				t.Errorf("got a page to %d", got.To)
			}
		})
		if extra := one.store.called() - calls; extra > 2 { // one poll of each instance
			t.Errorf("%d calls of the store", extra)
		}
		beyond := Cursor{testFeed, 99, 1}.String()
		within(t, "a place that never was", time.Millisecond, 2*pollEvery, func() { other.refused(t, beyond, 30*time.Second, ErrCursorUnknown) })

		one.store.setDown(true)
		time.Sleep(time.Second)
		within(t, "a place beyond, and no store", beyondTime, beyondTime, func() { other.refused(t, beyond, 0, auth.ErrUnavailable) })
	})
}

func TestC17AForeignCursorStartsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(3)...)
		i.kill(sessions(1)...)
		good := []string{testFeed + ".4.0000000000000002", testFeed + ".3.0000000000000001", testFeed + ".1.0000000000000001", testFeed + ".0.ffffffffffffffff"}
		for _, cursor := range good {
			i.ask(t, cursor, 0)
		}
		foreign := []string{
			"", ".", "..", "x", testFeed, testFeed + ".4", testFeed + ".4.", testFeed + ".4.2", "AAAAAAAAAAAAAAAA.4.0000000000000002",
			"AAAAAAAAAAAAAAAA.0.0000000000000000", testFeed + ".4.0000000000000001", testFeed + ".3.0000000000000002",
			testFeed + ".04.0000000000000002", testFeed + ".+4.0000000000000002", testFeed + ".-1.0000000000000002",
			testFeed + ".4.000000000000000G", testFeed + ".4.0000000000000002 ", testFeed + ".99999999999999999999.0000000000000002",
		}
		for _, cursor := range foreign {
			within(t, cursor, 0, 0, func() { i.refused(t, cursor, 30*time.Second, ErrCursorUnknown) })
		}
		if got, want := i.Stats().Foreign, int64(len(foreign)); got != want {
			t.Errorf("counted %d foreign cursors, want %d", got, want)
		}
	})
}

// A store that went back gives numbers anew. Whoever stood on one that is gone is told to start over,
// and then gets what was missing (C17).
func TestAfterAFailoverThatLostEntriesFollowersStartOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(2)...)
		i.kill(sessions(2)...)
		stood, _ := i.ask(t, "", 0)
		done := make(chan error)
		go func() {
			_, err := i.Poll(t.Context(), Ask{Cursor: stood.cursor(), Wait: 30 * time.Second})
			done <- err
		}()
		synctest.Wait()
		i.store.loseLast(2)
		i.store.kill(sessions(3)...)
		if err := <-done; !errors.Is(err, ErrCursorUnknown) {
			t.Errorf("the poll that was held: %v", err)
		}
		i.refused(t, stood.cursor(), 0, ErrCursorUnknown)
		if got, _ := i.ask(t, "", 0); got.To != 5 || len(got.Entries) != 5 {
			t.Errorf("started over: %d entries, to %d", len(got.Entries), got.To)
		}
	})
}

// A page is not sent once it is old, so what a cache or a thief of pages can show has an age (C20).
func TestC20NoPageIsSentLongAfterItsNow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(1)...)
		var last page
		for n := range 200 {
			got, _ := i.ask(t, "", 0) // which holds every page to its now
			if got.Now < last.Now || got.AsOf < last.AsOf {
				t.Errorf("poll %d: now %d after %d, as_of %d after %d", n, got.Now, last.Now, got.AsOf, last.AsOf)
			}
			last = got
			time.Sleep(50 * time.Millisecond)
		}
		if signed := i.Stats().Signed; signed < 10 || signed > 15 {
			t.Errorf("signed %d pages in ten seconds", signed)
		}
	})
}

// slowPen signs when there is time for it.
type slowPen struct {
	*pen
	takes time.Duration
}

func (p *slowPen) SignPage(into []byte, clock time.Time, payload []byte) ([]byte, string, error) {
	time.Sleep(p.takes)
	return p.pen.SignPage(into, clock, payload)
}

// A page that took long to write is as old as any other, also for those who waited for it.
func TestC20APageThatIsOldWhenItIsWrittenIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(1)...)
		pen := &slowPen{i.pen, 1100 * time.Millisecond}
		var err error
		if i.Feed, err = NewFeed(FeedConfig{Live: i.follower, Signer: pen, Issuer: testIssuer, Now: time.Now}); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if answer, err := i.Poll(t.Context(), Ask{Beginning: true}); !errors.Is(err, auth.ErrUnavailable) {
					t.Errorf("got %v", err)
					if err == nil {
						i.read(t, answer.Token())
					}
				}
			})
		}
		all.Wait()
		pen.takes = 0
		i.ask(t, "", 0)
		if pages, _ := i.tail.weight(); pages > 1 || i.tail.leaving != 0 {
			t.Errorf("%d pages are kept, and %d wait for somebody", pages, i.tail.leaving)
		}
	})
}

// What a poll took counts: the store read its clock, and its head, at the beginning of that.
func TestC20NewsAreNoYoungerWhereTheStoreIsSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := join(t, &memory{head: Head{FeedID: testFeed, MaxTTL: testTTL, AsOf: time.Now()}, slow: storeTime - time.Second})
		time.Sleep(storeTime)
		for range 20 {
			time.Sleep(777 * time.Millisecond)
			got, _ := i.ask(t, "", 0)
			if age, passed := got.Now-got.AsOf, time.Now().UnixMilli()-got.AsOf; age < passed-1000 {
				t.Errorf("says its news are %d ms old, and they are %d", age, passed)
			}
		}
	})
}

// An instance that lost its store tells what it knows and how old that is.
func TestAnInstanceWithoutItsStoreIsHonest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(1)...)
		before, _ := i.ask(t, "", 0)
		i.store.setDown(true)
		for range 6 {
			time.Sleep(20 * time.Second)
			got, _ := i.ask(t, before.cursor(), 5*time.Second)
			if got.AsOf > before.AsOf+2000 {
				t.Errorf("as_of moved to %d, %d after", got.AsOf, got.AsOf-before.AsOf)
			}
			if age, passed := got.Now-got.AsOf, time.Now().UnixMilli()-got.AsOf; age < passed-1000 {
				t.Errorf("says its news are %d ms old, and they are %d", age, passed)
			}
		}
		i.store.setDown(false)
		time.Sleep(3 * time.Second)
		if got, _ := i.ask(t, before.cursor(), 0); got.Now-got.AsOf > 3000 {
			t.Errorf("after it came back: as_of is %d ms old", got.Now-got.AsOf)
		}
	})
}

// Pages of a killed key must not be sent: whoever has the key can make others like them (C21).
func TestC21PagesOfAKilledKeyAreDroppedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(1)...)
		if got, _ := i.ask(t, "", 0); got.kid != "one" {
			t.Fatalf("signed by %s", got.kid)
		}
		i.pen.use("two")
		if got, _ := i.ask(t, "", 0); got.kid != "one" {
			t.Errorf("while both are good, the page was signed anew by %s", got.kid)
		}
		i.pen.gone.Store("one", true) // the keyring was read anew
		if got, _ := i.ask(t, "", 0); got.kid != "two" {
			t.Errorf("after the keyring forgot the key: signed by %s", got.kid)
		}
		i.kill(Kill{Key: Key{Kid, SubjectOf("two")}}) // the keyring was not read yet
		i.refused(t, testFeed+".1.0000000000000001", 0, auth.ErrUnavailable)
		i.pen.use("three")
		if got, _ := i.ask(t, "", 0); got.kid != "three" || got.To != 2 {
			t.Errorf("after the kill: signed by %s, to %d", got.kid, got.To)
		}
	})
}

// Whoever waits for news hears of the kill of a key by a page of the next one, although the kill is known
// a moment before the keyring was read (D5).
func TestD5TheKillOfAKeyWaitsForTheKeyThatTellsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const reading = 40 * time.Millisecond // of the keyring
		i := &instance{store: &memory{head: Head{FeedID: testFeed, MaxTTL: testTTL, AsOf: time.Now()}}, pen: newPen(t)}
		renew := func(context.Context, string, int64) error {
			time.Sleep(reading)
			i.pen.use("two")
			return nil
		}
		var err error
		if i.follower, err = New(Config{Store: i.store, Now: time.Now, MaxTTL: testTTL, Keyring: renew}); err != nil {
			t.Fatal(err)
		}
		if i.Feed, err = NewFeed(FeedConfig{Live: i.follower, Signer: i.pen, Issuer: testIssuer, Now: time.Now}); err != nil {
			t.Fatal(err)
		}
		go i.follower.Run(t.Context())
		go i.Feed.Run(t.Context())
		time.Sleep(time.Second)
		i.pen.use("one")
		first, _ := i.ask(t, "", 0)

		answered := make(chan time.Time, 1)
		go func() {
			if got, _ := i.ask(t, first.cursor(), 30*time.Second); got.kid != "two" || got.To != 1 {
				t.Errorf("signed by %s, to %d: want the next key and the kill", got.kid, got.To)
			}
			answered <- time.Now()
		}()
		synctest.Wait()
		i.store.mu.Lock()
		i.store.head.KeyringVersion++
		i.store.mu.Unlock()
		killed := time.Now()
		i.kill(Kill{Key: Key{Kid, SubjectOf("one")}})
		if took := (<-answered).Sub(killed); took > 2*reading {
			t.Errorf("told after %v, the keyring was read in %v", took, reading)
		}
	})
}

func TestAWholeFleetCostsOneSignatureAPageAndTheStoreNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const pollers, rounds = 2000, 5
		i := start(t, sessions(1)...)
		first, _ := i.ask(t, "", 0)
		polls := func(n time.Duration) int { // of the store, and what moves as_of
			calls := i.store.called()
			time.Sleep(n * time.Second)
			return i.store.called() - calls
		}
		alone := polls(10)
		signed := i.Stats().Signed

		var served atomic.Int64
		var fleet sync.WaitGroup
		for range pollers {
			fleet.Go(func() {
				cursor := first.cursor()
				for range rounds {
					answer, err := i.Poll(t.Context(), Ask{Cursor: cursor, Wait: 30 * time.Second})
					if err != nil {
						t.Error(err)
						return
					}
					cursor = Cursor{answer.feedID, answer.to, answer.mark}.String()
					answer.Done()
					served.Add(1)
				}
			})
		}
		synctest.Wait()
		if held := i.Stats().Held; held != pollers {
			t.Errorf("%d polls are held", held)
		}
		// Ten seconds do not always begin at the same place between two looks or heartbeats, and what falls on
		// their edge is counted or not. A look for every poller would be thousands.
		if got := polls(10); got > alone+10 {
			t.Errorf("the store was asked %d times in ten seconds, and %d times by nobody", got, alone)
		}
		for range rounds {
			i.kill(sessions(1)...)
			time.Sleep(time.Second)
		}
		fleet.Wait()
		if got := i.Stats().Signed - signed; served.Load() != pollers*rounds || got != rounds {
			t.Errorf("%d answers cost %d signatures, want %d", served.Load(), got, rounds)
		}
	})
}

// In a busy time entries travel together. Each by itself would wake the whole fleet for each.
func TestABusyFeedDoesNotWakeAFleetForEveryEntry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const pollers = 1000
		i := start(t, sessions(1)...)
		first, _ := i.ask(t, "", 0)
		var answers atomic.Int64
		ctx, stop := context.WithCancel(t.Context())
		for range pollers {
			go func() {
				for cursor := first.cursor(); ctx.Err() == nil; answers.Add(1) {
					answer, err := i.Poll(ctx, Ask{Cursor: cursor, Wait: 30 * time.Second})
					if err != nil {
						return
					}
					cursor = Cursor{answer.feedID, answer.to, answer.mark}.String()
					answer.Done()
				}
			}()
		}
		synctest.Wait()
		began := time.Now()
		for range 1000 { // a thousand logouts a second
			i.kill(sessions(1)...)
			time.Sleep(time.Millisecond)
		}
		if rate := float64(answers.Load()) / time.Since(began).Seconds(); rate > 20_000 {
			t.Errorf("%.0f answers a second", rate)
		}
		time.Sleep(time.Second)
		if got, _ := i.ask(t, "", 0); got.To != 1001 {
			t.Errorf("to %d", got.To)
		}
		stop()
		synctest.Wait()
	})
}

func TestTenThousandPollsAreHeldAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(1)...)
		first, _ := i.ask(t, "", 0)
		ctx, hangUp := context.WithCancel(t.Context())
		for range maxHeld {
			go func() { _, _ = i.Poll(ctx, Ask{Cursor: first.cursor(), Wait: 30 * time.Second}) }()
		}
		synctest.Wait()
		within(t, "one more", 0, 0, func() {
			if got, hint := i.ask(t, first.cursor(), 30*time.Second); hint != fullHint || got.To != 1 {
				t.Errorf("hint %v, page to %d", hint, got.To)
			}
		})
		within(t, "one more, beyond", 0, 0, func() { i.refused(t, Cursor{testFeed, 9, 9}.String(), 30*time.Second, auth.ErrUnavailable) })
		within(t, "one that does not wait", 0, 0, func() {
			if _, hint := i.ask(t, first.cursor(), 0); hint != 0 {
				t.Errorf("hint %v", hint)
			}
		})
		if got := i.Stats(); got.Held != maxHeld || got.TurnedAway != 2 {
			t.Errorf("counted %+v", got)
		}
		hangUp()
		synctest.Wait()
		if got := i.Stats().Held; got != 0 {
			t.Errorf("%d are held after all hung up", got)
		}
		within(t, "then", time.Second, time.Second, func() { i.ask(t, first.cursor(), time.Second) })
	})
}

func TestAFeedHoldsNoMoreThanItsProcessCanSpare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(1)...)
		first, _ := i.ask(t, "", 0)
		feed, err := NewFeed(FeedConfig{Live: i.follower, Signer: i.pen, Issuer: testIssuer, Now: time.Now, MaxHeld: 2})
		if err != nil {
			t.Fatal(err)
		}
		i.Feed = feed
		go feed.Run(t.Context())
		for range 2 {
			go func() { _, _ = i.Poll(t.Context(), Ask{Cursor: first.cursor(), Wait: 30 * time.Second}) }()
		}
		synctest.Wait()
		within(t, "one more", 0, 0, func() {
			if _, hint := i.ask(t, first.cursor(), 30*time.Second); hint != fullHint {
				t.Errorf("hint %v", hint)
			}
		})
	})
}

func TestAFeedThatStopsLetsEverybodyGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(1)...)
		first, _ := i.ask(t, "", 0)
		feed, err := NewFeed(FeedConfig{Live: i.follower, Signer: i.pen, Issuer: testIssuer, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		i.Feed = feed
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- feed.Run(ctx) }()
		time.AfterFunc(3*time.Second, stop)
		stopped := func(least time.Duration) {
			within(t, "a poll", least, least, func() {
				if got, hint := i.ask(t, first.cursor(), 30*time.Second); hint != stopHint || got.To != 1 {
					t.Errorf("hint %v, page to %d", hint, got.To)
				}
			})
		}
		stopped(3 * time.Second) // held when it stopped
		stopped(0)               // asked when it had
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestWhoHasReadNothingAnswersNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memory{head: Head{FeedID: testFeed, MaxTTL: testTTL, AsOf: time.Now()}, down: true}
		i := join(t, store)
		synctest.Wait()
		if _, err := i.Poll(t.Context(), Ask{Beginning: true}); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		store.setDown(false)
		time.Sleep(2 * time.Second)
		i.ask(t, "", 0)
	})
}

func TestAFeedNeedsItsParts(t *testing.T) {
	t.Parallel()
	if _, err := NewFeed(FeedConfig{}); err == nil {
		t.Error("a feed without anything")
	}
}

// late is a follower that is seen in the instant between knowing its place and knowing the time of it.
type late struct {
	*Follower
	known atomic.Bool
}

func (l *late) View() View {
	v := l.Follower.View()
	if !l.known.Load() {
		v.AsOf = time.Time{}
	}
	return v
}

// The place moves first, and nothing else moves on a quiet feed. Polls must not wait for the next kill
// because of that.
func TestAQuietStartHoldsNobodyBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(20)...)
		behind := Cursor{testFeed, 7, 1}.String()
		live := &late{Follower: i.follower}
		var err error
		i.Feed, err = NewFeed(FeedConfig{Live: live, Signer: i.pen, Issuer: testIssuer, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		go i.Feed.Run(t.Context())
		synctest.Wait()
		live.known.Store(true)
		within(t, "a poll behind the head", 0, 2*pollEvery, func() { i.ask(t, behind, 30*time.Second) })
		within(t, "the next", 0, 0, func() { i.ask(t, behind, 30*time.Second) })
	})
}
