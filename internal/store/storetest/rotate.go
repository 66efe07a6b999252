package storetest

import (
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// fullBatch is the most that travels in one write.
const fullBatch = 256

var rotateClaims = []claim{
	{name: "a rotation writes what it says and nothing else", prove: rotateColumns},
	{name: "a rotation wins only on the version that it was decided on", prove: rotateVersion},
	{name: "a rotation shown again is not written again", prove: rotateAgain},
	{name: "one bad member of a batch harms no neighbour", prove: rotateNeighbours},
	{name: "a batch may come in any order, and every member gets its own values", prove: rotateBatches},
	{name: "a full batch is written as a small one is", prove: fullBatches},
	{name: "a rotation decided before the end does not win after it", prove: rotateAfterEnd},
	{name: "an empty batch is no work", prove: emptyBatches},
}

// step is the rotation of a session as it stands.
func step(s tokens.Session) tokens.Rotation {
	at := s.RotatedAt.Add(17*time.Minute + 3*time.Microsecond)
	return tokens.Rotation{
		Session: s.ID, Version: s.RowVersion,
		Generation: s.Generation + 1, CurrentHash: randomHash(), PreviousHash: s.CurrentHash, Nonce: randomHash(),
		SecretVersion: s.SecretVersion + 1, RotatedAt: at, IdleEndsAt: at.Add(100 * time.Hour),
	}
}

// stepped is the row after its rotation.
func stepped(s tokens.Session, r tokens.Rotation) tokens.Session {
	s.Generation, s.CurrentHash, s.PreviousHash, s.Nonce = r.Generation, r.CurrentHash, r.PreviousHash, r.Nonce
	s.SecretVersion, s.RotatedAt, s.IdleEndsAt, s.RowVersion = r.SecretVersion, r.RotatedAt, r.IdleEndsAt, r.Version+1
	return s
}

func steps(sessions []tokens.Session) []tokens.Rotation {
	rotations := make([]tokens.Rotation, len(sessions))
	for i, s := range sessions {
		rotations[i] = step(s)
	}
	return rotations
}

// rotate applies rotations and checks which of them were written.
func (t *trial) rotate(rotations []tokens.Rotation, want ...auth.SessionID) {
	t.Helper()
	written, err := t.store.Rotate(t.Context(), rotations)
	t.must(err, "Rotate")
	if d := diff(sorted(written), sorted(want)); d != "" {
		t.Fatalf("the sessions that Rotate says it wrote (-got +want):\n%s", d)
	}
}

func rotateColumns(t *trial) {
	ann := t.user("ann")
	for _, before := range []tokens.Session{t.login(ann.ID, 1)[0], filledAt(t, ann.ID, 1<<32-2)} {
		user := t.loadUser(ann.ID)
		r := step(before)
		t.rotate([]tokens.Rotation{r}, before.ID)
		got := t.load(before.ID)[0]
		t.same(got.Session, stepped(before, r), "the row after its rotation")
		t.same(got.Owner, user, "the owner after the rotation")
	}
}

// filledAt stores a session with every column filled, at a generation.
func filledAt(t *trial, user auth.UserID, generation uint32) tokens.Session {
	s := filled(t, user)
	s.Generation, s.SecretVersion = generation, 254
	t.open(s)
	return t.reload([]tokens.Session{s})[0]
}

func rotateVersion(t *trial) {
	s := t.login(t.user("ann").ID, 1)[0]
	r := step(s)
	t.rotate([]tokens.Rotation{r}, s.ID)
	now := stepped(s, r)
	for _, off := range []int64{-1, 1, -now.RowVersion} {
		stale := step(now)
		stale.Version += off
		t.rotate([]tokens.Rotation{stale})
		t.same(t.load(s.ID)[0].Session, now, "the row after a rotation that lost")
	}
	t.rotate([]tokens.Rotation{step(now)}, s.ID)
}

// B13: an unknown outcome is answered by doing the same again.
func rotateAgain(t *trial) {
	s := t.login(t.user("ann").ID, 1)[0]
	r := step(s)
	t.rotate([]tokens.Rotation{r}, s.ID)
	t.rotate([]tokens.Rotation{r})
	t.same(t.load(s.ID)[0].Session, stepped(s, r), "the row after the same rotation came twice")
}

func rotateNeighbours(t *trial) {
	sessions := t.login(t.user("ann").ID, 5)
	// The second was rotated by somebody else, the fourth ended, and one never existed.
	other := step(sessions[1])
	t.rotate([]tokens.Rotation{other}, sessions[1].ID)
	t.end(audit.Logout, newMark(), sessions[3])
	ended := t.reload(sessions)[3]

	batch := steps(sessions)
	stranger := step(sessions[0])
	stranger.Session = t.sessionID()
	t.rotate(append(batch, stranger), sessions[0].ID, sessions[2].ID, sessions[4].ID)

	want := []tokens.Session{
		stepped(sessions[0], batch[0]), stepped(sessions[1], other), stepped(sessions[2], batch[2]),
		ended, stepped(sessions[4], batch[4]),
	}
	t.same(t.reload(sessions), want, "the rows after a batch with three bad members")
}

func rotateBatches(t *trial) {
	sessions := t.login(t.user("ann").ID, 12)
	for _, size := range []int{1, 2, 3, len(sessions)} {
		t.stepAll(sessions, size)
	}
}

// stepAll rotates the first of some sessions in one batch, and leaves them as they are then.
func (t *trial) stepAll(sessions []tokens.Session, size int) {
	t.Helper()
	batch := steps(sessions[:size]) // the ids are random: in no order
	t.rotate(batch, idsOf(sessions[:size])...)
	for i := range batch {
		sessions[i] = stepped(sessions[i], batch[i])
	}
	t.same(t.reload(sessions), sessions, "the rows after a batch")
}

func fullBatches(t *trial) {
	sessions := t.login(t.user("ann").ID, fullBatch)
	t.stepAll(sessions, fullBatch)

	mark := newMark()
	_, before := t.entries(0)
	ended := t.end(audit.Logout, mark, sessions...)
	t.same(sorted(ended), sorted(idsOf(sessions)), "the ended ids")
	t.written(before.Seq, mark, killsOf(sessions...)...)
}

// The rotation was allowed by the row as it was. The logout was acknowledged since, and whoever holds
// the session's tokens must not come out of that race with a live one (C3).
func rotateAfterEnd(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 3)
	batch := steps(sessions)
	t.end(audit.Logout, newMark(), sessions[0])
	t.change(tokens.UserChange{User: ann.ID, Version: t.loadUser(ann.ID).RowVersion,
		End: deathsOf(audit.LogoutAll, t.clock(), sessions[1])})

	ended := t.reload(sessions)
	t.rotate(batch, sessions[2].ID)
	t.same(t.reload(sessions), []tokens.Session{ended[0], ended[1], stepped(sessions[2], batch[2])},
		"the rows, of which the first two were ended before their rotations came")
}

func emptyBatches(t *trial) {
	_, before := t.entries(0)
	t.rotate(nil)
	ended, err := t.store.End(t.Context(), nil, newMark())
	t.must(err, "End of none")
	if len(ended) != 0 {
		t.Errorf("End of none ended %v", ended)
	}
	if applied, err := t.store.ChangeKeyring(t.Context(), tokens.KeyringChange{Version: 77}, newMark()); err != nil || !applied {
		t.Errorf("an empty change of the keyring: applied %t, error %v", applied, err)
	}
	entries, head := t.entries(0)
	t.same(entries, []revocation.Entry(nil), "the feed after empty batches")
	t.same(pinned(head), pinned(before), "the head after empty batches")
}
