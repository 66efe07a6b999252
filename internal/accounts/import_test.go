package accounts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

var byCommand = tokens.Origin{Actor: audit.CLI}

// bcryptOf is a hash as another system made it.
func bcryptOf(t testing.TB, typed string, cost int) auth.Secret {
	t.Helper()
	sum, err := bcrypt.GenerateFromPassword([]byte(typed), cost)
	if err != nil {
		t.Fatal(err)
	}
	return auth.NewSecret(string(sum))
}

// comesIn imports users and holds the results to what is wanted: an outcome, or the reason of a refusal.
func (h *house) comesIn(what string, users []accounts.Imported, want ...string) []accounts.ImportResult {
	h.t.Helper()
	got, err := h.Import(h.t.Context(), users, byCommand)
	if err != nil {
		h.t.Fatalf("%s: %v", what, err)
	}
	for i, w := range want {
		if word := wordOf(got[i]); word != w {
			h.t.Errorf("%s: user %d: got %s (%s), want %s", what, i, word, got[i].Text, w)
		}
	}
	return got
}

func wordOf(r accounts.ImportResult) string {
	switch r.Outcome {
	case accounts.Added:
		return "added"
	case accounts.WasThere:
		return "there"
	}
	return r.Reason
}

func TestE11WhoIsImportedSignsInAndBecomesOurs(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		id, err := auth.ParseUserID("6BA7B810-9DAD-11D1-80B4-00C04FD430C8") // a UUIDv1: whatever others gave
		if err != nil {
			t.Fatal(err)
		}
		made := time.Date(2015, 3, 1, 12, 0, 0, 123456789, time.FixedZone("there", 3600))
		ann := accounts.Imported{Username: "Ann@Example.org", PasswordHash: bcryptOf(t, good, 5), ID: id, Roles: []string{"admin", "a,b"}, CreatedAt: made, Source: "users.csv:2"}
		ben := accounts.Imported{Username: "ben", PasswordHash: bcryptOf(t, good, 4), Disabled: true, Source: "users.csv:3"}
		results := h.comesIn("the first time", []accounts.Imported{ann, ben}, "added", "added")
		user, err := h.Find(t.Context(), "ann@example.org")
		if err != nil || user.ID != id || !user.CreatedAt.Equal(made.Truncate(time.Microsecond)) || strings.Join(user.Roles, " ") != "admin a,b" {
			t.Errorf("got %+v, %v", user, err)
		}
		if user, err = h.Find(t.Context(), "ben"); err != nil || user.DisabledAt.IsZero() || user.CreatedAt.IsZero() || user.ID != results[1].ID {
			t.Errorf("got %+v, %v", user, err)
		}
		h.refuses("a disabled user", "ben", good)
		h.refuses("a wrong password", "ann@example.org", good+"!")
		h.opens("ANN@example.org", good)
		c, _, _, err := h.store.CredentialsByID(t.Context(), id)
		if err != nil || !strings.HasPrefix(c.PasswordHash, "$authd$") {
			t.Errorf("got hash %q, %v; want one of ours", c.PasswordHash, err)
		}
		h.comesIn("when the hash has become ours", []accounts.Imported{ann, ben}, "there", "there")
		h.opens("ann@example.org", good)
		records, err := h.store.Records(t.Context(), audit.Query{User: id, Name: audit.UserImported, Limit: 10})
		if err != nil || len(records) != 1 || records[0].Subject != "users.csv:2" || records[0].Actor != audit.CLI {
			t.Errorf("who made ann: got %+v, %v", records, err)
		}
	})
}

// An import that is repeated must find those whom it made, and never take somebody else for one of them:
// whoever signs up by the name of a user who is yet to come would otherwise become that user.
func TestAnImportTellsTheSameUserFromAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		id, other := auth.UserID{1}, auth.UserID{2}
		hash, newer := bcryptOf(t, good, 4), bcryptOf(t, good+"!", 4)
		bare := accounts.Imported{Username: "ann", PasswordHash: hash}
		named := accounts.Imported{Username: "ben", PasswordHash: hash, ID: id}
		h.comesIn("nobody is there", []accounts.Imported{bare, named}, "added", "added")
		with := func(u accounts.Imported, change func(*accounts.Imported)) accounts.Imported { change(&u); return u }
		h.comesIn("both are there", []accounts.Imported{
			bare, named,
			with(bare, func(u *accounts.Imported) { u.Username = "ＡＮＮ" }),
			with(named, func(u *accounts.Imported) { u.ID = auth.UserID{} }), // a file without ids
			with(bare, func(u *accounts.Imported) { u.PasswordHash = newer }),
			with(bare, func(u *accounts.Imported) { u.ID = other }),
			with(named, func(u *accounts.Imported) { u.PasswordHash = newer }),
			with(named, func(u *accounts.Imported) { u.ID = other }),
			with(named, func(u *accounts.Imported) { u.Username = "cy" }),
		}, "there", "there", "there", "there", "username_taken", "username_taken", "hash_differs", "username_taken", "id_taken")
		h.opens("ann", good)
		h.opens("ben", good)
		h.comesIn("both are ours", []accounts.Imported{
			bare, named,
			with(named, func(u *accounts.Imported) { u.PasswordHash = newer }), // the password was changed, there or here
			with(named, func(u *accounts.Imported) { u.ID = auth.UserID{} }),
			with(bare, func(u *accounts.Imported) { u.PasswordHash = newer }),
		}, "there", "there", "there", "username_taken", "username_taken")
		h.register("dee", good)
		h.comesIn("somebody signed up by the name", []accounts.Imported{
			{Username: "dee", PasswordHash: hash}, {Username: "dee", PasswordHash: hash, ID: other},
		}, "username_taken", "username_taken")
	})
}

func TestOneBatchIsJudgedAsOneLineAfterTheOther(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		hash, newer := bcryptOf(t, good, 4), bcryptOf(t, good+"!", 4)
		users := []accounts.Imported{
			{Username: "ann", PasswordHash: hash}, {Username: "ANN", PasswordHash: hash}, {Username: "ann", PasswordHash: newer},
			{Username: "ben", PasswordHash: hash, ID: auth.UserID{1}}, {Username: "cy", PasswordHash: hash, ID: auth.UserID{1}},
		}
		rehearsed, err := h.RehearseImport(t.Context(), users)
		if err != nil {
			t.Fatal(err)
		}
		if list, err := h.List(t.Context(), "", 10); err != nil || len(list) > 0 {
			t.Errorf("a rehearsal made %d users, %v", len(list), err)
		}
		want := []string{"added", "there", "username_taken", "added", "id_taken"}
		for i, r := range h.comesIn("all", users, want...) {
			if got := rehearsed[i]; got != r {
				t.Errorf("user %d: rehearsed %+v, then %+v", i, got, r)
			}
		}
	})
}

func TestWhatAnImportRefusesOfALineByItself(t *testing.T) {
	t.Parallel()
	h := build(t, everystore.OnSQLite(t), bcrypt.MinCost)
	hash := bcryptOf(t, good, 4)
	long := make([]string, 33)
	for i := range long {
		long[i] = fmt.Sprint("r", i)
	}
	for want, u := range map[string]accounts.Imported{
		"username_invalid 1": {Username: "a b"}, "username_invalid 2": {Username: ""}, "username_invalid 3": {Username: strings.Repeat("a", 129)},
		"username_invalid 4": {Username: hash.Reveal()}, "username_invalid 5": {Username: "a\x00b"}, "username_invalid 6": {Username: "\xff"},
		"roles_invalid 1": {Roles: []string{"a b"}}, "roles_invalid 2": {Roles: []string{"a", "a"}}, "roles_invalid 3": {Roles: long}, "roles_invalid 4": {Roles: []string{""}},
		"time_invalid 1": {CreatedAt: time.Unix(-1, 0)}, "time_invalid 2": {CreatedAt: time.Now().Add(25 * time.Hour)},
		"time_invalid 3":     {Disabled: true, DisabledAt: time.Now().Add(25 * time.Hour)},
		"disabled_invalid 1": {DisabledAt: time.Now()},
		"hash_missing 1":     {PasswordHash: auth.NewSecret("")}, "hash_unknown 1": {PasswordHash: auth.NewSecret("hunter2")},
		"hash_peppered 1": {PasswordHash: auth.NewSecret("$authd$p=1" + hash.Reveal())},
		"hash_cost 1":     {PasswordHash: auth.NewSecret("$2a$15" + hash.Reveal()[6:])},
	} {
		if !strings.HasPrefix(want, "username") {
			u.Username = "ann"
		}
		if !strings.HasPrefix(want, "hash") {
			u.PasswordHash = hash
		}
		r := h.comesIn(want, []accounts.Imported{u}, strings.Fields(want)[0])[0]
		if r.Text == "" || strings.Contains(fmt.Sprintf("%+v", r), hash.Reveal()[10:]) {
			t.Errorf("%s: got %+v", want, r)
		}
	}
	if list, err := h.List(t.Context(), "", 10); err != nil || len(list) > 0 {
		t.Errorf("%d users are there, %v", len(list), err)
	}
}

// E9: before the first hash of a cost is there, a login of nobody must take as long.
func TestE9TheGreatestCostIsRaisedBeforeAHashIsStored(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		cut := errors.New("cut")
		h := build(t, open, bcrypt.MinCost, func(c *accounts.Config) {
			c.Store = adding{c.Store, func() error { return cut }}
		})
		_, err := h.Import(t.Context(), []accounts.Imported{{Username: "ann", PasswordHash: bcryptOf(t, good, 6)},
			{Username: "ben", PasswordHash: bcryptOf(t, good, 5)}}, byCommand)
		_, greatest, found, readErr := h.store.CredentialsByName(t.Context(), "ann")
		if !errors.Is(err, cut) || readErr != nil || found || greatest != 6 {
			t.Errorf("got %v, %v: ann is there %t, the greatest cost is %d", err, readErr, found, greatest)
		}
	})
}

// adding is a store in which something happens before users are added.
type adding struct {
	accounts.Store
	before func() error
}

func (s adding) AddUsers(ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
	if err := s.before(); err != nil {
		return err
	}
	return s.Store.AddUsers(ctx, users, told)
}

// Whoever takes a name between the look and the leap is found at the second look.
func TestAnImportThatWasOutrunDecidesAgain(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		hash := bcryptOf(t, good, 4)
		faster, times := build(t, open, bcrypt.MinCost), 0
		h := build(t, open, bcrypt.MinCost, func(c *accounts.Config) {
			c.Store = adding{c.Store, func() error {
				if times++; times == 1 {
					faster.comesIn("the faster one", []accounts.Imported{{Username: "ben", PasswordHash: bcryptOf(t, good, 4)},
						{Username: "cy", PasswordHash: hash}}, "added", "added")
				}
				return nil
			}}
		})
		h.comesIn("the slower one", []accounts.Imported{{Username: "ann", PasswordHash: hash}, {Username: "ben", PasswordHash: hash},
			{Username: "cy", PasswordHash: hash}}, "added", "username_taken", "there")
	})
}

// Ten times outrun is no bad luck. It is an error, which says that nothing was written, and no refusal.
func TestAnImportThatIsOutrunForEverSaysSo(t *testing.T) {
	t.Parallel()
	h := build(t, everystore.OnSQLite(t), bcrypt.MinCost, func(c *accounts.Config) {
		c.Store = adding{c.Store, func() error { return accounts.ErrUsernameTaken }}
	})
	_, err := h.Import(t.Context(), []accounts.Imported{{Username: "ann", PasswordHash: bcryptOf(t, good, 4)}}, byCommand)
	if !errors.Is(err, tokens.ErrWriteConflict) {
		t.Errorf("outrun for ever: got %v, want a write conflict", err)
	}
}

// A deleted user's tokens stay dead when the id comes back, and the new ones live.
func TestAnImportedIDThatWasDeletedBeginsAboveItsKill(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ann := accounts.Imported{Username: "ann", PasswordHash: bcryptOf(t, good, 4)}
		id := h.comesIn("first", []accounts.Imported{ann}, "added")[0].ID
		h.opens("ann", good)
		if err := h.Delete(t.Context(), id, byCommand); err != nil {
			t.Fatal(err)
		}
		h.comesIn("again", []accounts.Imported{ann}, "added")
		user, err := h.User(t.Context(), id)
		p, readErr := h.store.Present(t.Context(), []accounts.Wanted{{ID: id}})
		if err != nil || readErr != nil || user.Epoch == 0 || user.Epoch < p.Epochs[id] {
			t.Errorf("got epoch %d, %v; dead below %d, %v", user.Epoch, err, p.Epochs[id], readErr)
		}
		h.opens("ann", good)
	})
}

// foreignHash is a line of testdata/bcrypt.ndjson: what another implementation made of a password.
type foreignHash struct {
	MadeBy   string `json:"made_by"`
	Password string
	Hash     string
}

// E11: people sign in by what other programs made of their passwords, and from then on by a hash of ours.
func TestE11HashesOfOtherImplementationsSignInAndBecomeOurs(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/bcrypt.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	h := build(t, everystore.OnSQLite(t), bcrypt.MinCost)
	lines := strings.Split(strings.TrimSpace(string(file)), "\n")
	if len(lines) < 30 {
		t.Fatalf("%d hashes, want all", len(lines))
	}
	for i, line := range lines {
		var f foreignHash
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprint("user", i)
		h.comesIn(f.MadeBy, []accounts.Imported{{Username: name, PasswordHash: auth.NewSecret(f.Hash)}}, "added")
		h.refuses(f.MadeBy, name, "x"+f.Password)
		for range 2 { // by the imported hash, and by ours
			if h.opens(name, f.Password); t.Failed() {
				t.Fatalf("%s: %q", f.MadeBy, f.Password)
			}
		}
		c, _, _, err := h.store.CredentialsByName(t.Context(), name)
		if err != nil || !strings.HasPrefix(c.PasswordHash, "$authd$") {
			t.Errorf("%s: got hash %q, %v; want one of ours", f.MadeBy, c.PasswordHash, err)
		}
	}
}

// Tokens name users and machine clients by the same claim: a user with a client's id could do what it may.
func TestTheIDOfAMachineClientIsNoUsers(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		client, _, err := h.CreateClient(t.Context(), accounts.NewClient{Name: "billing"}, byCommand)
		if err != nil {
			t.Fatal(err)
		}
		h.comesIn("a client's id", []accounts.Imported{{Username: "ann", PasswordHash: bcryptOf(t, good, 4), ID: auth.UserID(client.ID)}}, "id_taken")
	})
}

// Whoever exports everybody is in the audit before the first user is out, also if the reader goes away.
func TestAnExportIsToldBeforeItBegins(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.comesIn("some", []accounts.Imported{{Username: "ann", PasswordHash: bcryptOf(t, good, 4)}, {Username: "ben", PasswordHash: bcryptOf(t, good, 4)}}, "added", "added")
		gone := errors.New("gone")
		for _, hashes := range []bool{true, false} {
			before := h.count(audit.UsersExported)
			err := h.Export(t.Context(), hashes, byCommand, func(c accounts.Credentials) error {
				if (c.PasswordHash != "") != hashes || c.Username != "ann" || h.count(audit.UsersExported) != before+1 {
					t.Errorf("hashes %t: got %+v, told %d times", hashes, c, h.count(audit.UsersExported)-before)
				}
				return gone
			})
			if !errors.Is(err, gone) {
				t.Errorf("got %v", err)
			}
		}
	})
}
