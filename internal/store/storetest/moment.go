package storetest

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

var momentClaims = []claim{
	{name: "a session and its owner are read at one moment, a hash and its epoch too", prove: oneMoment},
}

// While one handle ends session after session and raises the epoch with each, another one reads. The
// number of ended sessions tells how far the writer was, and so does the epoch, and the hash.
func oneMoment(t *trial) {
	const steps = 15
	ann := t.user("ann")
	w := watcher{trial: t, user: ann, sessions: t.login(ann.ID, steps)}
	var over, blind atomic.Bool
	var watching sync.WaitGroup
	watching.Go(func() {
		defer blind.Store(true)
		for !over.Load() && w.look() {
		}
	})
	defer watching.Wait()
	defer over.Store(true)
	for i, s := range w.sessions {
		for before := w.reads.Load(); w.reads.Load() == before && !blind.Load(); {
			runtime.Gosched() // until a read has begun, so that there is one to disturb
		}
		t.change(tokens.UserChange{User: ann.ID, Version: t.loadUser(ann.ID).RowVersion,
			End:          deathsOf(audit.LogoutAll, t.clock(), s),
			PasswordHash: hashAt(ann.Epoch + auth.Epoch(i) + 1), RaiseEpoch: true})
	}
}

// hashAt is the hash that is stored with an epoch.
func hashAt(epoch auth.Epoch) string {
	if epoch == 1 {
		return hashOf("ann")
	}
	return hashOf("ann at " + string(rune('a'+epoch)))
}

type watcher struct {
	*trial
	user     accounts.User
	sessions []tokens.Session
	reads    atomic.Int64 // that were begun
}

// look reads in all ways, and says whether there is any sense in looking again.
func (w *watcher) look() bool {
	w.reads.Add(1)
	rows, _, err := w.again.LoadSessions(w.Context(), idsOf(w.sessions))
	if err != nil {
		w.Errorf("LoadSessions: %v", err)
		return false
	}
	ended := 0
	for _, row := range rows {
		if !row.EndedAt.IsZero() {
			ended++
		}
	}
	for _, row := range rows {
		if raised := int(row.Owner.Epoch - w.user.Epoch); raised != ended {
			w.Errorf("LoadSessions read %d ended sessions with an owner whose epoch was raised %d times", ended, raised)
			return false
		}
	}
	w.reads.Add(1)
	c, _, _, err := w.again.CredentialsByName(w.Context(), w.user.Username)
	if err != nil || c.PasswordHash != hashAt(c.Epoch) {
		w.Errorf("CredentialsByName read %q at epoch %d, error %v", c.PasswordHash, c.Epoch, err)
		return false
	}
	w.reads.Add(1)
	// The user may be of an earlier moment than the list: a change decided on that is refused. The other
	// way round, it would be applied to a list that is out of date.
	user, live, _, _, err := w.again.LoadUser(w.Context(), w.user.ID)
	if err != nil || len(live) > len(w.sessions)-int(user.Epoch-w.user.Epoch) {
		w.Errorf("LoadUser read %d of %d sessions as live at epoch %d, error %v", len(live), len(w.sessions), user.Epoch, err)
		return false
	}
	return true
}
