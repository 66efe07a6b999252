package storetest

import (
	"errors"
	"slices"
	"strings"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

var nameClaims = []claim{
	{name: "a taken name is refused, and who had it first keeps it", prove: nameTaken},
	{name: "of many who want one name at once, one gets it", prove: nameRace},
	{name: "names are equal only byte for byte", prove: namesByteForByte},
	{name: "users are listed in the order of bytes, in pages without loss or repetition", prove: usersListed},
}

func nameTaken(t *trial) {
	ann := t.user("ann")
	second := accounts.User{ID: t.userID(), Username: "ann", Epoch: 9}
	_, err := t.again.CreateUser(t.Context(), second, "another hash")
	t.taken(err)
	_, err = t.store.CreateUser(t.Context(), ann, "another hash") // B13: by somebody who was not told of the first
	t.taken(err)
	t.found(ann, hashOf("ann"))
	if _, found, err := t.store.UserByID(t.Context(), second.ID); err != nil || found {
		t.Errorf("who came second is found: %t, error %v", found, err)
	}
}

func nameRace(t *trial) {
	const racers = 20
	users := make([]accounts.User, racers)
	won := make([]bool, racers)
	for i := range users {
		users[i] = accounts.User{ID: t.userID(), Username: "ann", Epoch: 1}
	}
	t.race(racers, func(i int, s Store) {
		err := t.insist(func() (err error) {
			users[i].CreatedAt, err = s.CreateUser(t.Context(), users[i], hashOf(users[i].ID.String()))
			return err
		})
		if won[i] = err == nil; !won[i] && !errors.Is(err, accounts.ErrUsernameTaken) {
			t.Errorf("a racer for a name is answered %v", err)
		}
	})
	winner := slices.Index(won, true)
	if winner < 0 || slices.Contains(won[winner+1:], true) {
		t.Fatalf("not one winner of the name: %v", won)
	}
	t.found(users[winner], hashOf(users[winner].ID.String()))
	list, err := t.store.Users(t.Context(), "", 10)
	t.must(err, "Users")
	t.same(list, users[winner:winner+1], "all users")
}

// Names arrive mapped. A store that folds case or accents, trims or matches patterns would let one user
// sign in as another (E14).
func namesByteForByte(t *trial) {
	names := []string{"ann", "anna", "an", "ann ", "ANN", "änn", "a\u0308nn", "strasse", "straße", "a_n", "%", "ann%", "ﬁ", "fi"}
	users := make([]accounts.User, len(names))
	for i, name := range names {
		users[i] = t.user(name)
	}
	for i, u := range users {
		t.found(u, hashOf(names[i]))
	}
	for _, name := range []string{"Ann", "a%", "ANN ", " ann", "__", "", "annn"} {
		_, byName, err := t.store.UserByName(t.Context(), name)
		t.must(err, "UserByName")
		_, _, credentials, err := t.store.CredentialsByName(t.Context(), name)
		t.must(err, "CredentialsByName")
		if byName || credentials {
			t.Errorf("%q, which nobody is called, finds somebody", name)
		}
	}
}

func usersListed(t *trial) {
	names := []string{"zed", "ann", "Zoë", "ben", "an", "ben@example.com", "_", "élan", "電話", "zebra", "0", "a\u0308nn"}
	users := make(map[string]accounts.User, len(names))
	for i, name := range names {
		u := accounts.User{ID: t.userID(), Username: name, Epoch: auth.Epoch(i + 1)}
		if i%2 == 0 { // no row may keep what the one before had
			u.Roles, u.DisabledAt = []string{"reader", "of-" + name}, t.clock()
		}
		var err error
		u.CreatedAt, err = t.store.CreateUser(t.Context(), u, hashOf(name))
		t.must(err, "CreateUser")
		users[name] = u
	}
	slices.SortFunc(names, strings.Compare) // Go compares bytes
	want := make([]accounts.User, len(names))
	for i, name := range names {
		want[i] = users[name]
	}
	for _, limit := range []int{1, 5, len(names), 100} {
		var got []accounts.User
		after := ""
		for range len(names) + 1 {
			page, err := t.store.Users(t.Context(), after, limit)
			t.must(err, "Users")
			if len(page) > limit {
				t.Errorf("a page has %d users, want at most %d", len(page), limit)
			}
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			after = page[len(page)-1].Username
		}
		t.same(got, want, "all users by pages")
	}
	for _, limit := range []int{0, -1} {
		page, err := t.store.Users(t.Context(), "", limit)
		t.must(err, "Users")
		t.same(page, []accounts.User(nil), "a page of none")
	}
	page, err := t.store.Users(t.Context(), "b", 2) // nobody is called b
	t.must(err, "Users")
	t.same(page, []accounts.User{users["ben"], users["ben@example.com"]}, "a page after a name that nobody has")
}
