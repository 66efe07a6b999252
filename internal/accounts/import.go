package accounts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// Imported is a user with the password hash that another system made.
type Imported struct {
	Username     string      // as typed there
	PasswordHash auth.Secret // a plain bcrypt string
	ID           auth.UserID // what other tables call the user; zero: one is made of name and hash
	Roles        []string
	CreatedAt    time.Time // zero: now
	Disabled     bool
	DisabledAt   time.Time // zero, of who is disabled: now
	Source       string    // where this was read, for the audit
}

// Outcome is what became of an imported user.
type Outcome int

const (
	Refused  Outcome = iota // as Reason says
	Added                   // made; of a rehearsal: would have been
	WasThere                // by an import before: the same user, with this hash or one that took its place
)

// ImportResult is the answer for one user. No member holds any part of a hash.
type ImportResult struct {
	Outcome  Outcome
	Username string // as mapped; empty if it could not be
	ID       auth.UserID
	Cost     int    // of the hash, if it is one that can be taken over
	Reason   string // a stable word; empty unless refused
	Text     string // the same for people
}

// raceRounds is how often an import decides again because somebody took a name meanwhile. Each time
// somebody else has succeeded.
const raceRounds = 10

// Import makes users of those who have an account elsewhere, all that may be made in one transaction, and
// says of each what became of it. What it makes is never changed by it again: who is there already stays as
// he is. So the same call can be made again, by whoever does not know how the first one ended.
//
// The greatest cost is raised by a commit of its own before any of these hashes is stored: from the moment
// it is, a login of nobody must take as long (E9).
func (a *Accounts) Import(ctx context.Context, users []Imported, from tokens.Origin) ([]ImportResult, error) {
	for range raceRounds {
		plan, err := a.planImport(ctx, users)
		if err != nil || len(plan.added) == 0 {
			return plan.results, err
		}
		err = a.carryOut(ctx, plan, from)
		if !errors.Is(err, ErrUsernameTaken) {
			return plan.results, err
		}
	}
	return nil, tokens.ErrWriteConflict.Because(fmt.Errorf("import: decided %d times, and outrun each time", raceRounds))
}

// RehearseImport says what Import would do, and changes nothing.
func (a *Accounts) RehearseImport(ctx context.Context, users []Imported) ([]ImportResult, error) {
	plan, err := a.planImport(ctx, users)
	return plan.results, err
}

// importPlan is what was decided.
type importPlan struct {
	results  []ImportResult // of each user, in their order
	added    []Credentials
	sources  []string // of added
	greatest int      // cost among added
}

// planImport judges each user by itself, then against the store.
func (a *Accounts) planImport(ctx context.Context, users []Imported) (importPlan, error) {
	plan := importPlan{results: make([]ImportResult, len(users))}
	candidates := make([]candidate, len(users))
	var wanted []Wanted
	for i := range users {
		if plan.results[i] = candidates[i].judge(&users[i], a.Now()); plan.results[i].Reason == "" {
			wanted = append(wanted, Wanted{ID: candidates[i].id, Username: candidates[i].name})
		}
	}
	if len(wanted) == 0 {
		return plan, nil
	}
	present, err := a.Store.Present(ctx, wanted)
	if err != nil {
		return importPlan{}, err
	}
	book := newBook(present)
	for i := range users {
		if plan.results[i].Reason == "" {
			plan.settle(i, &candidates[i], book)
		}
	}
	return plan, nil
}

// settle decides one candidate, and takes a new user into the plan and into the book.
func (p *importPlan) settle(i int, c *candidate, book *book) {
	outcome, refused := book.decide(c)
	p.results[i].Outcome, p.results[i].Reason, p.results[i].Text = outcome, refused.reason, refused.text
	if outcome != Added {
		return
	}
	user := book.add(c)
	p.added, p.sources = append(p.added, user), append(p.sources, c.Source)
	p.greatest = max(p.greatest, c.cost)
}

// carryOut writes users with their events, all or nobody. [ErrUsernameTaken]: somebody was faster, so decide again.
func (a *Accounts) carryOut(ctx context.Context, plan importPlan, from tokens.Origin) error {
	told := make([]audit.Record, len(plan.added))
	for i := range plan.added {
		var err error
		told[i], err = a.stamp.Record(audit.Event{Name: audit.UserImported, Actor: from.Actor, User: plan.added[i].ID,
			Subject: plan.sources[i], Address: from.Address, UserAgent: from.UserAgent})
		if err != nil {
			return err
		}
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := a.Store.RaiseGreatestCost(ctx, plan.greatest); err != nil {
		return err
	}
	// In one order, so that two imports of the same people wait for each other and do not deadlock.
	added := slices.Clone(plan.added)
	slices.SortFunc(added, func(x, y Credentials) int { return strings.Compare(x.Username, y.Username) })
	return a.Store.AddUsers(ctx, added, told)
}

// importedID is the id of a user who came without one. It is made of name and hash, so whoever imports the
// same line again finds the same user, also when the hash has been replaced since, and somebody else who
// signed up by that name is somebody else.
func importedID(name, hash string) auth.UserID {
	sum := sha256.Sum256(fmt.Appendf(nil, "authd import\x00%s\x00%s", name, hash))
	id := auth.UserID(sum[:16])
	id[6] = id[6]&0x0f | 0x80 // UUIDv8 (RFC 9562, section 5.8)
	id[8] = id[8]&0x3f | 0x80
	return id
}
