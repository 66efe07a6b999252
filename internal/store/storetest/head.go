package storetest

import (
	"fmt"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/revocation"
)

var headClaims = []claim{
	{name: "the head is created once, whoever comes first", prove: headOnce, bare: true},
	{name: "the head's longest durations rise one by one and never fall", prove: headRises, bare: true},
	{name: "raising the head leaves the place and the mark of the feed alone", prove: headKeepsPlace},
}

func headOnce(t *trial) {
	before := t.clock()
	heads := make([]revocation.Head, 10)
	t.race(len(heads), func(i int, s Store) {
		err := t.insist(func() (err error) {
			heads[i], err = s.RaiseHead(t.Context(), fmt.Sprintf("feed-%d", i), maxTTL, jwksMaxAge)
			return err
		})
		if err != nil {
			t.Errorf("RaiseHead: %v", err)
		}
	})
	entries, head := t.entries(0)
	t.same(entries, []revocation.Entry(nil), "the entries of a new feed")
	if head.FeedID == "" || head.Seq != 0 || head.MaxTTL != maxTTL || head.JWKSMaxAge != jwksMaxAge {
		t.Errorf("the new head is %+v", head)
	}
	t.between(head.AsOf, before, t.clock(), "as_of of a new head")
	for _, got := range heads {
		t.same(pinned(got), pinned(head), "the head that one of ten racing instances was given")
		if got.AsOf.Location() != time.UTC {
			t.Errorf("as_of is %v, want UTC", got.AsOf)
		}
	}
}

func headRises(t *trial) {
	for _, c := range []struct{ ttl, age, wantTTL, wantAge time.Duration }{
		{300 * time.Second, 60 * time.Second, 300 * time.Second, 60 * time.Second},
		{900 * time.Second, 30 * time.Second, 900 * time.Second, 60 * time.Second},
		{60 * time.Second, 120 * time.Second, 900 * time.Second, 120 * time.Second},
		{0, 0, 900 * time.Second, 120 * time.Second},
		{901 * time.Second, 121 * time.Second, 901 * time.Second, 121 * time.Second},
		// A kill must outlive the longest token, not one that is a fraction shorter.
		{901*time.Second + time.Millisecond, 121*time.Second + 1, 902 * time.Second, 122 * time.Second},
	} {
		got, err := t.store.RaiseHead(t.Context(), feedID, c.ttl, c.age)
		t.must(err, "RaiseHead")
		_, stored := t.entries(0)
		for _, head := range []revocation.Head{got, stored} {
			if head.FeedID != feedID || head.MaxTTL != c.wantTTL || head.JWKSMaxAge != c.wantAge {
				t.Errorf("raised to %v and %v, the head is %+v, want %v and %v", c.ttl, c.age, head, c.wantTTL, c.wantAge)
			}
		}
	}
}

func headKeepsPlace(t *trial) {
	ann := t.user("ann")
	t.end(audit.Logout, newMark(), t.login(ann.ID, 3)...)
	wantEntries, want := t.entries(0)
	got, err := t.again.RaiseHead(t.Context(), "another feed", time.Hour, time.Hour)
	t.must(err, "RaiseHead")
	want.FeedID, want.MaxTTL, want.JWKSMaxAge = feedID, time.Hour, time.Hour
	entries, stored := t.entries(0)
	t.same(entries, wantEntries, "the feed")
	t.same(pinned(got), pinned(want), "the head as returned")
	t.same(pinned(stored), pinned(want), "the head as stored")
}
