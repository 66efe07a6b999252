package accounts

import (
	"strings"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
)

// earliest and a day from now bound when a user may have been made elsewhere: what lies outside is a
// number that was read as a time.
var earliest = time.Unix(0, 0)

// refusal says why somebody is not imported.
type refusal struct{ reason, text string }

var (
	nameInvalid   = refusal{"username_invalid", "the name must have 1 to 128 bytes and no spaces or control characters"}
	nameIsHash    = refusal{"username_invalid", "a password hash stands where the name should: are the columns swapped?"}
	rolesInvalid  = refusal{"roles_invalid", "at most 32 roles, each once, of 1 to 64 printable ASCII characters without blanks, quotes and backslashes"}
	timeInvalid   = refusal{"time_invalid", "a time before 1970 or after tomorrow"}
	enabledAtTime = refusal{"disabled_invalid", "a user with a time of disabling is disabled: say so, or leave the time out"}
	nameTaken     = refusal{"username_taken", "another user has this name, or this one with another hash: nothing was changed"}
	idTaken       = refusal{"id_taken", "a user of another name has this id"}
	idOfClient    = refusal{"id_taken", "a machine client has this id, and tokens name both by it"}
	hashDiffers   = refusal{"hash_differs", "this user is there with another hash: nothing was changed"}
)

// candidate is an imported user who is not refused for what the line itself says.
type candidate struct {
	*Imported
	name    string // as mapped
	id      auth.UserID
	idGiven bool
	hash    string
	cost    int
	// foreign is set for a hash that may be there, and may not come in: one of ours, out of an export of
	// this very store.
	foreign *password.Unimportable
}

// judge looks at one user alone.
func (c *candidate) judge(u *Imported, now time.Time) ImportResult {
	*c = candidate{Imported: u, id: u.ID, idGiven: !u.ID.IsZero(), hash: u.PasswordHash.Reveal()}
	refuse := func(r refusal) ImportResult {
		return ImportResult{Username: c.name, Reason: r.reason, Text: r.text}
	}
	if strings.HasPrefix(u.Username, "$") && password.LooksHashed(u.Username) {
		return refuse(nameIsHash)
	}
	name, err := MapUsername(u.Username)
	if err != nil {
		return refuse(nameInvalid)
	}
	c.name = name
	cost, foreign := password.CheckImport(c.hash)
	if foreign != nil && !isOurs(c.hash) {
		return refuse(refusal{foreign.Reason, foreign.Text})
	}
	if c.cost, c.foreign = cost, foreign; !c.idGiven {
		c.id = importedID(c.name, c.hash)
	}
	switch {
	case !validRoles(u.Roles):
		return refuse(rolesInvalid)
	case !plausible(u.CreatedAt, now) || !plausible(u.DisabledAt, now):
		return refuse(timeInvalid)
	case !u.DisabledAt.IsZero() && !u.Disabled:
		return refuse(enabledAtTime)
	}
	return ImportResult{Username: c.name, ID: c.id, Cost: c.cost}
}

func plausible(t, now time.Time) bool {
	return t.IsZero() || !t.Before(earliest) && t.Before(now.Add(24*time.Hour))
}

// book is who is there, as far as an import asks.
type book struct {
	byID    map[auth.UserID]Credentials
	byName  map[string]Credentials
	clients map[auth.UserID]bool
	epochs  map[auth.UserID]auth.Epoch
	clock   time.Time
}

func newBook(p Present) *book {
	b := &book{byID: make(map[auth.UserID]Credentials), byName: make(map[string]Credentials),
		clients: make(map[auth.UserID]bool), epochs: p.Epochs, clock: p.Clock}
	for _, u := range p.Users {
		b.byID[u.ID], b.byName[u.Username] = u, u
	}
	for _, id := range p.Clients {
		b.clients[id] = true
	}
	return b
}

// decide says what becomes of a candidate. It is the whole law of who is "the same user": name and id are
// the same, and the hash is this one or one of ours, which a login or a new password has put there since.
func (b *book) decide(c *candidate) (Outcome, refusal) {
	named, nameThere := b.byName[c.name]
	_, idThere := b.byID[c.id]
	switch {
	case b.clients[c.id]:
		return Refused, idOfClient
	case !nameThere && !idThere && c.foreign != nil:
		return Refused, refusal{c.foreign.Reason, c.foreign.Text}
	case !nameThere && !idThere:
		return Added, refusal{}
	case !nameThere:
		return Refused, idTaken
	case !c.idGiven && named.PasswordHash == c.hash:
		return WasThere, refusal{} // from a file that gave an id
	case named.ID != c.id:
		return Refused, nameTaken
	case named.PasswordHash == c.hash || isOurs(named.PasswordHash):
		return WasThere, refusal{}
	}
	return Refused, hashDiffers
}

func isOurs(hash string) bool {
	pepper, ok := password.PepperVersion(hash)
	return ok && pepper > 0
}

// add makes a user of a candidate, whom those after him in the same batch find there. The epoch is the
// one that the feed asks for: an id that was deleted a moment ago is still dead below it.
func (b *book) add(c *candidate) Credentials {
	u := Credentials{PasswordHash: c.hash, RowVersion: 1, User: User{ID: c.id, Username: c.name, Epoch: b.epochs[c.id], Roles: c.Roles,
		CreatedAt: orClock(c.CreatedAt, b.clock)}}
	if c.Disabled {
		u.DisabledAt = orClock(c.DisabledAt, b.clock)
	}
	b.byID[u.ID], b.byName[u.Username] = u, u
	return u
}

// orClock is a time as stores keep it.
func orClock(t, clock time.Time) time.Time {
	if t.IsZero() {
		return clock
	}
	return t.UTC().Truncate(time.Microsecond)
}
