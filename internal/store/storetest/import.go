package storetest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

var importClaims = []claim{
	{name: "who is present is found by name and by id, once each, with the hash", prove: presentUsers},
	{name: "an id is present as a client's, and with the epoch below which the feed holds it dead", prove: presentIDs},
	{name: "users are added as they are given, each with the record that tells of it", prove: usersAdded},
	{name: "one name or id that is taken keeps everybody out, and every record", prove: usersTaken},
	{name: "of many who add the same users at once one does", prove: usersRace},
	{name: "all credentials are listed by name, in pages without loss or repetition", prove: credentialsListed},
}

func (t *trial) present(wanted ...accounts.Wanted) accounts.Present {
	t.Helper()
	before := t.clock()
	p, err := t.again.Present(t.Context(), wanted)
	t.must(err, "Present")
	t.between(p.Clock, before, t.clock(), "the clock of a reading")
	slices.SortFunc(p.Users, func(x, y accounts.Credentials) int { return strings.Compare(x.Username, y.Username) })
	return p
}

// credentialsOf are those of a user whom trial.user made.
func (t *trial) credentialsOf(u accounts.User) accounts.Credentials {
	t.Helper()
	return accounts.Credentials{User: u, PasswordHash: hashOf(u.Username), RowVersion: t.loadUser(u.ID).RowVersion}
}

func presentUsers(t *trial) {
	ann, ben, cy := t.user("ann"), t.user(`b"e'n\`), t.user("cy語")
	t.user("dee")
	nobody := accounts.Wanted{ID: t.userID(), Username: "nobody"}
	wanted := []accounts.Wanted{
		nobody,
		{ID: ann.ID, Username: ann.Username}, // by both
		{ID: t.userID(), Username: ben.Username},
		{ID: cy.ID, Username: "somebody"},
		{ID: ann.ID, Username: ben.Username}, // again, and across
	}
	want := []accounts.Credentials{t.credentialsOf(ann), t.credentialsOf(ben), t.credentialsOf(cy)}
	p := t.present(wanted...)
	t.same(p.Users, want, "who is present")
	if len(p.Clients) > 0 || p.Epochs[ann.ID] != 0 {
		t.Errorf("clients %v, epochs %v, want none", p.Clients, p.Epochs)
	}
	t.same(t.present(nobody).Users, []accounts.Credentials(nil), "who is present of nobody")
	t.same(t.present().Users, []accounts.Credentials(nil), "who is present of none")
}

// A deleted user's id may come back by an import. What the feed says of it still holds for minutes.
func presentIDs(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	client := t.client("billing")
	t.raise(ben.ID)
	for range 2 {
		t.raise(ann.ID)
	}
	t.change(tokens.UserChange{User: ann.ID, Version: t.loadUser(ann.ID).RowVersion, RaiseEpoch: true, Delete: true})
	fresh, shared := t.userID(), auth.UserID(client.ID)
	p := t.present(accounts.Wanted{ID: ann.ID, Username: "ann"}, accounts.Wanted{ID: ben.ID, Username: "x"},
		accounts.Wanted{ID: fresh, Username: "y"}, accounts.Wanted{ID: shared, Username: "z"})
	for id, want := range map[auth.UserID]auth.Epoch{ann.ID: 4, ben.ID: 2, fresh: 0, shared: 0} {
		if got := p.Epochs[id]; got != want {
			t.Errorf("the feed holds %s dead below %d, want %d", id, got, want)
		}
	}
	t.same(p.Clients, []auth.UserID{shared}, "the ids that are clients'")
	if len(p.Users) != 1 || p.Users[0].ID != ben.ID {
		t.Errorf("present are %+v, want ben alone", p.Users)
	}
}

// newcomers are users to add, in the order of names, with their records.
func (t *trial) newcomers(names ...string) (users []accounts.Credentials, told []audit.Record) {
	t.Helper()
	slices.Sort(names)
	now := t.clock()
	for i, name := range names {
		u := accounts.User{ID: t.userID(), Username: name, CreatedAt: now.Add(-time.Duration(i+1) * 1000 * time.Hour)}
		if i%2 == 0 { // no row may have what the one before it has
			u.Roles, u.DisabledAt, u.Epoch = []string{"reader", "of-" + strings.ReplaceAll(name, " ", "_")}, now.Add(-time.Minute), auth.Epoch(i+1)
		}
		users = append(users, accounts.Credentials{User: u, PasswordHash: hashOf(name), RowVersion: 1})
		r := t.recordAt(now)
		r.User, r.Name, r.Subject = u.ID, audit.UserImported, "users.csv:"+name
		told = append(told, r)
	}
	return users, told
}

func usersAdded(t *trial) {
	users, told := t.newcomers("ann", "ben", `o'hara"{}, null`, strings.Repeat("語", 42))
	t.must(t.store.AddUsers(t.Context(), users, told), "AddUsers")
	t.must(t.store.AddUsers(t.Context(), nil, nil), "AddUsers of nobody")
	for i, u := range users {
		t.found(u.User, u.PasswordHash)
		t.same(t.recorded(audit.Query{User: u.ID, Limit: 10}), told[i:i+1], "the records of an added user")
		if got := t.loadUser(u.ID).RowVersion; got != 1 {
			t.Errorf("the version of an added user is %d, want 1", got)
		}
	}
	t.login(users[0].ID, 1) // they are users like others
}

func usersTaken(t *trial) {
	ann := t.user("ann")
	for name, spoil := range map[string]func(*accounts.Credentials){
		"a name": func(c *accounts.Credentials) { c.Username = "ann" },
		"an id":  func(c *accounts.Credentials) { c.ID = ann.ID },
	} {
		users, told := t.newcomers("ada", "bea", "cid")
		spoil(&users[1])
		t.taken(t.store.AddUsers(t.Context(), users, told))
		for i, u := range users {
			if _, found, err := t.store.UserByName(t.Context(), u.Username); err != nil || found && i != 1 {
				t.Errorf("%s is taken: %q is found %t, error %v", name, u.Username, found, err)
			}
		}
		t.same(t.recorded(audit.Query{Name: audit.UserImported, Limit: 10}), []audit.Record(nil), "the records when "+name+" is taken")
	}
	t.found(ann, hashOf("ann"))
}

// All have the users in one order, so that nobody meets a deadlock.
func usersRace(t *trial) {
	names := []string{"ann", "ben", "cy", "dee", "eve", "fay"}
	const racers = 6
	ids := make([][]accounts.Credentials, racers)
	told := make([][]audit.Record, racers)
	for i := range racers {
		ids[i], told[i] = t.newcomers(names[i%3:]...)
	}
	won := make([]bool, racers)
	t.race(racers, func(i int, s Store) {
		err := t.insist(func() error { return s.AddUsers(t.Context(), ids[i], told[i]) })
		if won[i] = err == nil; !won[i] && !errors.Is(err, accounts.ErrUsernameTaken) {
			t.Errorf("a racer is answered %v", err)
		}
	})
	winner := slices.Index(won, true)
	if winner < 0 || slices.Contains(won[winner+1:], true) {
		t.Fatalf("not one winner: %v", won)
	}
	t.same(t.credentialsAfter("", 100), ids[winner], "all users")
	records := t.recorded(audit.Query{Limit: 100})
	if len(records) != len(told[winner]) {
		t.Errorf("%d records, want the winner's %d", len(records), len(told[winner]))
	}
}

func (t *trial) credentialsAfter(after string, limit int) []accounts.Credentials {
	t.Helper()
	page, err := t.again.CredentialsAfter(t.Context(), after, limit)
	t.must(err, "CredentialsAfter")
	if len(page) > max(limit, 0) {
		t.Errorf("a page has %d users, want at most %d", len(page), limit)
	}
	return page
}

func credentialsListed(t *trial) {
	want, told := t.newcomers("zed", "ann", "Zoë", "ben", "an", "ben@example.com", "_", "élan", "電話", "zebra", "0", "a\u0308nn")
	t.must(t.store.AddUsers(t.Context(), want, told), "AddUsers")
	t.raise(want[3].ID)
	want[3].Epoch++
	want[3].RowVersion = t.loadUser(want[3].ID).RowVersion
	for _, limit := range []int{1, 5, len(want), 100} {
		var got []accounts.Credentials
		for after, more := "", true; more; {
			page := t.credentialsAfter(after, limit)
			if more = len(page) > 0 && len(got) < 2*len(want); more {
				got, after = append(got, page...), page[len(page)-1].Username
			}
		}
		t.same(got, want, "all credentials by pages")
	}
	for _, limit := range []int{0, -1} {
		t.same(t.credentialsAfter("", limit), []accounts.Credentials(nil), "a page of none")
	}
	t.same(t.credentialsAfter("b", 2)[0].Username, "ben", "a page after a name that nobody has")
}
