package storetest

import (
	"crypto/rand"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/authd/authd/internal/audit"
)

var recordClaims = []claim{
	{name: "a record survives the round trip, with and without its members", prove: recordRoundTrip},
	{name: "a record that is added again is there once, as it was first", prove: recordTwice},
	{name: "records are chosen by every filter, newest first, in pages without loss or repetition", prove: recordsChosen},
	{name: "of who is not a user neither address nor agent is kept", prove: recordOfNobody},
	{name: "the collector of records takes the oldest first, up to its limit and its bound", prove: recordsCollected},
}

// recordAt is an event that has all its members, as it is kept. The user is nobody's.
func (t *trial) recordAt(at time.Time) audit.Record {
	t.Helper()
	id := audit.Since(at)
	_, err := rand.Read(id[8:])
	t.must(err, "draw an id")
	return audit.Record{ID: id, Event: audit.Event{
		At: at.UTC().Truncate(time.Millisecond), Name: audit.SessionEnded, Reason: audit.Reuse, Actor: audit.Admin,
		Session: t.sessionID(), Subject: "a jti", Address: netip.MustParseAddr("2001:db8::7"), UserAgent: "curl/8",
	}}
}

func (t *trial) add(records ...audit.Record) {
	t.Helper()
	t.must(t.store.AddRecords(t.Context(), records), "AddRecords")
}

// recorded reads by the other handle.
func (t *trial) recorded(q audit.Query) []audit.Record {
	t.Helper()
	records, err := t.again.Records(t.Context(), q)
	t.must(err, "Records")
	return records
}

func recordRoundTrip(t *trial) {
	ann := t.user("ann")
	begin := time.Date(2026, 3, 1, 12, 0, 0, 7e6, time.UTC)
	full := t.recordAt(begin.Add(3 * time.Millisecond))
	full.User = ann.ID
	nobody := t.recordAt(begin.Add(2 * time.Millisecond))
	nobody.Address, nobody.UserAgent = netip.MustParseAddr("192.0.2.7"), strings.Repeat("語", 85)
	quoted := t.recordAt(begin.Add(time.Millisecond))
	quoted.Subject, quoted.UserAgent = `o'hara"; drop table audit; -- \ %`, "{a,b} null NULL \\"
	bare := audit.Record{ID: t.recordAt(begin).ID, Event: audit.Event{At: begin, Name: audit.LoginFailed, Actor: audit.User}}
	t.add(nobody, full, bare) // in no order
	t.add(quoted)
	t.add()
	got := t.recorded(audit.Query{Limit: 10})
	t.same(got, []audit.Record{full, nobody, quoted, bare}, "the records")
	for _, r := range got {
		if r.At.Location() != time.UTC {
			t.Errorf("the time of a record is %v, want UTC", r.At)
		}
	}
}

// Whoever was not told of a success makes the same call again.
func recordTwice(t *trial) {
	now := t.clock()
	first, second := t.recordAt(now), t.recordAt(now.Add(time.Second))
	t.add(first)
	changed := first
	changed.Reason = audit.Logout
	t.add(changed, second)
	t.same(t.recorded(audit.Query{Limit: 10}), []audit.Record{second, first}, "the records")
	t.add(second, second)
	t.same(t.recorded(audit.Query{Limit: 10}), []audit.Record{second, first}, "the records")
}

func recordsChosen(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	session, home := t.sessionID(), netip.MustParseAddr("192.0.2.7")
	var all []audit.Record // the newest first
	for i := range 24 {
		r := t.recordAt(begin.Add(time.Duration(i/2) * time.Second)) // two at a time
		r.User = ann.ID
		if i%3 == 0 {
			r.User = ben.ID
		}
		if i%4 == 0 {
			r.Session = session
		}
		if i%5 == 0 {
			r.Name = audit.LoginSucceeded
		}
		if i%3 == 1 {
			r.Actor = audit.User
		}
		if i%7 == 0 {
			r.Address = home
		}
		all = append(all, r)
	}
	t.add(all...)
	slices.SortFunc(all, func(a, b audit.Record) int { return strings.Compare(string(b.ID[:]), string(a.ID[:])) })
	since, until := begin.Add(2*time.Second), begin.Add(9*time.Second)
	for _, q := range []audit.Query{
		{}, {User: ann.ID}, {User: ben.ID, Name: audit.SessionEnded}, {Session: session}, {Session: session, User: ben.ID},
		{Session: session, Name: audit.LoginSucceeded}, {Name: audit.LoginSucceeded}, {Name: audit.AlarmRaised},
		{Since: since}, {Until: until}, {Since: since.Add(-time.Nanosecond), Until: until.Add(time.Nanosecond)},
		{Since: since, Until: until, User: ann.ID}, {Since: since, Until: until, Name: audit.SessionEnded},
		{Since: since, Until: until, Session: session}, {Since: until, Until: since}, {User: t.userID()},
		{Actor: audit.User}, {Actor: audit.Admin}, {Actor: audit.System}, {Actor: audit.Admin, Name: audit.LoginSucceeded},
		{Address: home}, {Address: netip.MustParseAddr("2001:db8::7")}, {Address: netip.MustParseAddr("2001:db8::8")},
		{Address: home, Name: audit.SessionEnded}, {Address: home, Actor: audit.User}, {Address: home, Actor: audit.Admin, Name: audit.SessionEnded, Since: since},
		{User: ann.ID, Actor: audit.User, Address: home}, {User: ben.ID, Session: session, Actor: audit.Admin, Address: home},
		{Session: session, Actor: audit.User}, {Name: audit.LoginSucceeded, Actor: audit.User}, {User: ann.ID, Address: home, Until: until},
	} {
		want := slices.DeleteFunc(slices.Clone(all), func(r audit.Record) bool { return !chosen(&r, q) })
		for _, limit := range []int{1, 5, 100} {
			t.same(t.pages(q, limit, len(all)), want, "the records by pages")
		}
		for _, limit := range []int{0, -1} {
			q.Limit = limit
			t.same(t.recorded(q), []audit.Record(nil), "a page of none")
		}
	}
}

// chosen says in Go what a query says to a store.
func chosen(r *audit.Record, q audit.Query) bool {
	return (q.User == [16]byte{} || r.User == q.User) && (q.Session == [16]byte{} || r.Session == q.Session) &&
		(q.Actor == "" || r.Actor == q.Actor) && (!q.Address.IsValid() || r.Address == q.Address) &&
		(q.Name == "" || r.Name == q.Name) && !r.At.Before(q.Since) && (q.Until.IsZero() || r.At.Before(q.Until))
}

// pages reads all records of a query, at most so many at a time.
func (t *trial) pages(q audit.Query, limit, most int) (got []audit.Record) {
	t.Helper()
	q.Limit = limit
	for range most + 1 {
		page := t.recorded(q)
		if len(page) > limit {
			t.Errorf("a page has %d records, want at most %d", len(page), limit)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		q.Before = page[len(page)-1].ID
	}
	return got
}

// The last events of a user may reach the store after the user is gone. What has happened stays; from
// where and with what does not.
func recordOfNobody(t *trial) {
	ann := t.user("ann")
	known, gone := t.recordAt(t.clock()), t.recordAt(t.clock().Add(-time.Second))
	known.User, gone.User = ann.ID, t.userID()
	t.add(known, gone)
	gone.Address, gone.UserAgent = netip.Addr{}, ""
	t.same(t.recorded(audit.Query{Limit: 10}), []audit.Record{known, gone}, "the records")
}

func recordsCollected(t *trial) {
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var kept []audit.Record // the newest first
	for i := range 8 {
		kept = append(kept, t.recordAt(begin.Add(time.Duration(7-i)*time.Millisecond)))
	}
	t.add(kept...)
	collect := func(before time.Time, limit, want int) {
		t.Helper()
		n, err := t.store.CollectRecords(t.Context(), before, limit)
		t.must(err, "CollectRecords")
		if n != want {
			t.Errorf("CollectRecords deleted %d, want %d", n, want)
		}
		kept = kept[:len(kept)-want]
		t.same(t.recorded(audit.Query{Limit: 10}), kept, "the records that are left")
	}
	collect(begin, 10, 0)
	collect(begin.Add(5*time.Millisecond), 0, 0)
	collect(begin.Add(5*time.Millisecond), -1, 0)
	collect(begin.Add(time.Millisecond), 10, 1)
	collect(begin.Add(5*time.Millisecond), 3, 3)
	collect(begin.Add(5*time.Millisecond), 3, 1)
	collect(begin.Add(5*time.Millisecond), 3, 0)
	collect(begin.Add(time.Hour), 10, 3)
}
