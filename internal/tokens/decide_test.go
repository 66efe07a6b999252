package tokens

import (
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const window = time.Minute

// at makes a session that stands at a generation, rotated at noon. The secret of generation g is
// secretOf(g).
func at(generation uint32, change ...func(*Loaded)) *Loaded {
	row := &Loaded{Session: Session{
		Generation: generation, CurrentHash: hashOf(secretOf(generation)),
		RotatedAt: noon, IdleEndsAt: noon.Add(time.Hour), EndsAt: noon.Add(24 * time.Hour), Epoch: 3,
	}, Owner: User{Epoch: 3}}
	if generation > 0 {
		row.PreviousHash = hashOf(secretOf(generation - 1))
	}
	for _, c := range change {
		c(row)
	}
	return row
}

func secretOf(generation uint32) (secret [32]byte) {
	secret[0], secret[1] = 's', byte(generation)
	return secret
}

func hashOf(secret [32]byte) [32]byte { return sha256.Sum256(secret[:]) }

func shown(generation uint32) *refreshToken {
	return &refreshToken{generation: generation, secret: secretOf(generation)}
}

// stranger is a genuine token of a generation that the row knows with another secret.
func stranger(generation uint32) *refreshToken {
	return &refreshToken{generation: generation, secret: [32]byte{'x'}}
}

func ended(reason audit.Reason) func(*Loaded) {
	return func(row *Loaded) { row.EndedAt, row.EndReason = noon, reason }
}
func disabled(row *Loaded)    { row.Owner.DisabledAt = noon }
func raisedEpoch(row *Loaded) { row.Owner.Epoch++ }
func idleEnds(at time.Time) func(*Loaded) {
	return func(row *Loaded) { row.IdleEndsAt = at }
}
func ends(at time.Time) func(*Loaded) {
	return func(row *Loaded) { row.EndsAt = at }
}

func TestTheLawOfRotation(t *testing.T) {
	t.Parallel()
	const gen = 7
	soon, late := noon.Add(time.Second), noon.Add(window+time.Microsecond)
	tests := []struct {
		claim   string
		row     *Loaded
		token   *refreshToken
		clock   time.Time
		verdict verdict
		err     *auth.Error
		reason  audit.Reason
	}{
		{"no row opens nothing", nil, shown(gen), soon, refuse, ErrRefreshTokenInvalid, ""},

		{"an ended session refuses its newest token (B23)", at(gen, ended(audit.Logout)), shown(gen), soon, refuse, ErrSessionRevoked, ""},
		{"no window applies to an ended session (B23)", at(gen, ended(audit.Logout)), shown(gen - 1), soon, refuse, ErrSessionRevoked, ""},
		{"a session that reuse ended says so", at(gen, ended(audit.Reuse)), shown(gen), soon, refuse, ErrRefreshTokenReused, ""},
		{"an end is named before an expiry", at(gen, ended(audit.Reuse), ends(noon)), shown(gen), soon, refuse, ErrRefreshTokenReused, ""},

		{"one microsecond before the idle end it rotates (B15)", at(gen, idleEnds(soon.Add(time.Microsecond))), shown(gen), soon, rotate, nil, ""},
		{"at the idle end it has expired (B15, B16)", at(gen, idleEnds(soon)), shown(gen), soon, refuse, ErrSessionExpired, ""},
		{"at the absolute end it has expired (B15, B16)", at(gen, ends(soon)), shown(gen), soon, refuse, ErrSessionExpired, ""},
		{"an old token of an expired session is not reuse", at(gen, ends(soon)), shown(1), soon, refuse, ErrSessionExpired, ""},
		{"an expiry is named before a disabled user", at(gen, ends(soon), disabled), shown(gen), soon, refuse, ErrSessionExpired, ""},

		{"a disabled user's session is revoked (B20)", at(gen, disabled), shown(gen), soon, refuse, ErrSessionRevoked, ""},
		{"a session below the user's epoch is revoked", at(gen, raisedEpoch), shown(gen), soon, refuse, ErrSessionRevoked, ""},
		{"no window applies below the epoch", at(gen, raisedEpoch), shown(gen - 1), soon, refuse, ErrSessionRevoked, ""},

		{"a token from the row's future means history forked (B25)", at(gen), shown(gen + 1), soon, die, ErrSessionRevoked, audit.HistoryForked},
		{"another token of this generation means history forked", at(gen), stranger(gen), soon, die, ErrSessionRevoked, audit.HistoryForked},
		{"another token of the parent's generation means history forked", at(gen), stranger(gen - 1), soon, die, ErrSessionRevoked, audit.HistoryForked},
		{"and so after the window", at(gen), stranger(gen - 1), late, die, ErrSessionRevoked, audit.HistoryForked},
		{"another token of generation 0 means history forked", at(0), stranger(0), soon, die, ErrSessionRevoked, audit.HistoryForked},

		{"the live token rotates (B1)", at(gen), shown(gen), soon, rotate, nil, ""},
		{"the first token rotates", at(0), shown(0), soon, rotate, nil, ""},
		{"the live token rotates long after the window", at(gen), shown(gen), late, rotate, nil, ""},

		{"the parent inside the window is a retry (B4)", at(gen), shown(gen - 1), soon, retry, nil, ""},
		{"the parent at the window's end is a retry", at(gen), shown(gen - 1), noon.Add(window), retry, nil, ""},
		{"a clock that went back is inside the window", at(gen), shown(gen - 1), noon.Add(-time.Hour), retry, nil, ""},
		{"the parent after the window is reuse (B3, B6)", at(gen), shown(gen - 1), late, die, ErrRefreshTokenReused, audit.Reuse},
		{"the grandparent inside the window is reuse (B5, B18)", at(gen), shown(gen - 2), soon, die, ErrRefreshTokenReused, audit.Reuse},
		{"the grandparent's hash is not known any more, so none is compared", at(gen), stranger(gen - 2), soon, die, ErrRefreshTokenReused, audit.Reuse},
		{"generation 0 is reuse from generation 2 on (B2)", at(2), shown(0), soon, die, ErrRefreshTokenReused, audit.Reuse},
	}
	for _, test := range tests {
		t.Run(test.claim, func(t *testing.T) {
			t.Parallel()
			got := decide(test.row, test.token, test.clock, window)
			if got.verdict != test.verdict || got.reason != test.reason {
				t.Errorf("got verdict %d, reason %q; want %d, %q", got.verdict, got.reason, test.verdict, test.reason)
			}
			if test.err == nil && got.err != nil || test.err != nil && !errors.Is(got.err, test.err) {
				t.Errorf("got error %v, want %v", got.err, test.err)
			}
		})
	}
}
