package storetest

import (
	"crypto/rand"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

var clientClaims = []claim{
	{name: "a client survives the round trip, created at the store's clock", prove: clientRoundTrip},
	{name: "clients are listed by id, page by page", prove: clientPages},
	{name: "a raise is one client's, and killed in the feed", prove: clientRaised},
	{name: "B20: a deleted client is gone, and the kill outlives the row", prove: clientDeleted},
	{name: "raises and deletions of clients at once lose none, and kill no epoch twice", prove: clientRace},
	{name: "without a head no client ends, because nobody could hear of it", prove: clientUnheard, bare: true},
}

// client stores a client that was given a secret.
func (t *trial) client(name string) accounts.ClientCredentials {
	t.Helper()
	id, err := auth.NewClientID(oneMillisecond, rand.Reader)
	t.must(err, "NewClientID")
	c := accounts.ClientCredentials{Client: accounts.Client{ID: id, Name: name, Scopes: []string{"read"}}, SecretHash: randomHash()}
	c.CreatedAt, err = t.store.CreateClient(t.Context(), c)
	t.must(err, "CreateClient")
	return c
}

// clientIs checks a client through the other handle.
func (t *trial) clientIs(want accounts.ClientCredentials) {
	t.Helper()
	before := t.clock()
	got, clock, found, err := t.again.ClientByID(t.Context(), want.ID)
	t.must(err, "ClientByID")
	t.between(clock, before, t.clock(), "the clock that is read with a client")
	if !found || got.CreatedAt.Location() != time.UTC {
		t.Errorf("ClientByID of %q: found %t, created at %v", want.Name, found, got.CreatedAt)
	}
	t.same(got, want, "the client "+want.Name)
}

func clientRoundTrip(t *trial) {
	for _, c := range []accounts.ClientCredentials{
		{Client: accounts.Client{Name: "billing"}},
		{Client: accounts.Client{Name: `O'Hara's "nightly"; drop table clients; -- \ %`, Epoch: 1<<52 + 1,
			Scopes: []string{"orders:read", "a,b", "https://x.test/?y=z"}, Audiences: []string{"https://zoë.test", "b"}}},
		{Client: accounts.Client{Name: strings.Repeat("語", 42) + "zz", Audiences: []string{strings.Repeat("a", 2048)}}},
		{Client: accounts.Client{Name: "a", Scopes: []string{"read"}}},
	} {
		id, err := auth.NewClientID(oneMillisecond, rand.Reader)
		t.must(err, "NewClientID")
		c.ID, c.SecretHash, c.CreatedAt = id, randomHash(), t.clock().Add(-time.Hour)
		before := t.clock()
		c.CreatedAt, err = t.store.CreateClient(t.Context(), c)
		t.must(err, "CreateClient")
		t.between(c.CreatedAt, before, t.clock(), "created_at")
		t.clientIs(c)
	}
	if _, _, found, err := t.store.ClientByID(t.Context(), auth.ClientID{1}); found || err != nil {
		t.Errorf("nobody's client: found %t, %v", found, err)
	}
}

func clientPages(t *trial) {
	var want []accounts.Client
	for range 7 {
		want = append(want, t.client("billing").Client)
	}
	slices.SortFunc(want, func(a, b accounts.Client) int { return strings.Compare(string(a.ID[:]), string(b.ID[:])) })
	var got []accounts.Client
	for after := (auth.ClientID{}); ; after = got[len(got)-1].ID {
		page, err := t.again.Clients(t.Context(), after, 3)
		t.must(err, "Clients")
		if got = append(got, page...); len(page) < 3 || len(got) > 7 {
			break
		}
	}
	t.same(got, want, "all pages")
	for _, limit := range []int{0, -1} {
		if page, err := t.store.Clients(t.Context(), auth.ClientID{}, limit); err != nil || len(page) > 0 {
			t.Errorf("a page of %d: got %d, %v", limit, len(page), err)
		}
	}
}

func clientRaised(t *trial) {
	a, b := t.client("billing"), t.client("stock")
	for range 2 {
		_, before := t.entries(0)
		mark := newMark()
		found, err := t.store.RaiseClient(t.Context(), a.ID, mark)
		t.must(err, "RaiseClient")
		if a.Epoch++; !found {
			t.Errorf("RaiseClient does not find a client")
		}
		t.written(before.Seq, mark, revocation.KillBelow(a.ID, a.Epoch))
		t.clientIs(a)
		t.clientIs(b)
	}
	t.nobodysEnd()
}

func clientDeleted(t *trial) {
	a, b := t.client("billing"), t.client("stock")
	_, before := t.entries(0)
	mark := newMark()
	found, err := t.store.DeleteClient(t.Context(), a.ID, mark)
	t.must(err, "DeleteClient")
	if !found {
		t.Errorf("DeleteClient does not find a client")
	}
	t.written(before.Seq, mark, revocation.KillBelow(a.ID, a.Epoch+1))
	if _, _, found, err := t.again.ClientByID(t.Context(), a.ID); found || err != nil {
		t.Errorf("the deleted client: found %t, %v", found, err)
	}
	t.clientIs(b)
	list, err := t.again.Clients(t.Context(), auth.ClientID{}, 10)
	t.must(err, "Clients")
	t.same(list, []accounts.Client{b.Client}, "the clients that are left")
	entries, _, err := t.again.Kills(t.Context(), []revocation.Key{revocation.KillBelow(a.ID, 0).Key})
	t.must(err, "Kills")
	if len(entries) != 1 || entries[0].Value != int64(a.Epoch+1) {
		t.Errorf("the kill of the deleted client is %+v", entries)
	}
	t.nobodysEnd()
}

// nobodysEnd says that whoever is not there leaves the feed alone.
func (t *trial) nobodysEnd() {
	t.Helper()
	wantEntries, wantHead := t.entries(0)
	raised, err := t.store.RaiseClient(t.Context(), auth.ClientID{1}, newMark())
	t.must(err, "RaiseClient of nobody")
	deleted, err := t.store.DeleteClient(t.Context(), auth.ClientID{1}, newMark())
	t.must(err, "DeleteClient of nobody")
	if raised || deleted {
		t.Errorf("nobody was raised %t, deleted %t", raised, deleted)
	}
	entries, head := t.entries(0)
	t.same(entries, wantEntries, "the feed")
	t.same(pinned(head), pinned(wantHead), "the head")
}

// Eight raise one client and one deletes it. Whatever the order, each who was told that it happened has
// an entry of another epoch, from the first on, and the deletion has the last.
func clientRace(t *trial) {
	const raisers = 8
	c := t.client("billing")
	var told, deletions atomic.Int64
	raised := make(chan bool, raisers)
	t.race(raisers+1, func(i int, s Store) {
		if i == raisers/2 { // after some, and among the others
			<-raised
			<-raised
		} else {
			defer func() { raised <- true }()
		}
		err := t.insist(func() error {
			end := s.RaiseClient
			if i == raisers/2 {
				end = s.DeleteClient
			}
			found, err := end(t.Context(), c.ID, newMark())
			if found {
				told.Add(1)
			}
			if found && i == raisers/2 {
				deletions.Add(1)
			}
			return err
		})
		if err != nil {
			t.Errorf("end a client: %v", err)
		}
	})
	entries, _ := t.entries(0)
	if deletions.Load() != 1 || len(entries) != int(told.Load()) {
		t.Errorf("%d deletions, %d entries for %d ends", deletions.Load(), len(entries), told.Load())
	}
	for i, e := range entries {
		if e.Kill != revocation.KillBelow(c.ID, auth.Epoch(i+1)) {
			t.Errorf("entry %d kills below %d", i, e.Value)
		}
	}
	if _, _, found, err := t.store.ClientByID(t.Context(), c.ID); found || err != nil {
		t.Errorf("the deleted client: found %t, %v", found, err)
	}
	// In the race the deletion may have been the last.
	if found, err := t.store.RaiseClient(t.Context(), c.ID, newMark()); found || err != nil {
		t.Errorf("raise the deleted client: found %t, %v", found, err)
	}
}

func clientUnheard(t *trial) {
	c := t.client("billing")
	if found, err := t.store.RaiseClient(t.Context(), c.ID, newMark()); found || err == nil {
		t.Errorf("RaiseClient without a head: found %t, %v", found, err)
	}
	if found, err := t.store.DeleteClient(t.Context(), c.ID, newMark()); found || err == nil {
		t.Errorf("DeleteClient without a head: found %t, %v", found, err)
	}
	t.clientIs(c)
}
