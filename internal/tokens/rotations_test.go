package tokens_test

import (
	"fmt"
	"testing"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

func TestManySessionsShareABatch(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		var pairs []tokens.Pair
		for k := range 40 {
			pairs = append(pairs, a.login(fmt.Sprint("user", k)))
		}
		got := together(len(pairs), func(k int) auth.SessionID {
			pair, err := a.Refresh(t.Context(), pairs[k].RefreshToken, home)
			if err != nil {
				t.Error(err)
			}
			return pair.Session
		})
		for k, id := range got {
			if id != pairs[k].Session {
				t.Errorf("%d got the answer of another", k)
			}
		}
	})
}

func TestAServiceThatHasStoppedSaysThatItIsBusy(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		a.stop()
		if _, err := a.Refresh(t.Context(), first.RefreshToken, home); auth.KindOf(err) != auth.Unavailable {
			t.Errorf("got %v, want unavailable", err)
		}
	})
}
