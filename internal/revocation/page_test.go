package revocation

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAPageHasTheEntriesInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(500 * time.Millisecond) // until is rounded up
		i := start(t,
			Kill{Key: Key{Sid, SubjectOf("AZqr_FvkfVqdDzxBpPDC7g")}},
			Kill{Key: Key{Jti, SubjectOf("q83vEjRWeJCrze8S")}},
			Kill{Key: Key{Sub, SubjectOf("019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee")}, Value: 4},
			Kill{Key: Key{Kid, SubjectOf("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")}},
			Kill{Key: Key{Sub, SubjectOf("a client")}},
		)
		got, _ := i.ask(t, "", 0)
		until := time.Now().Add(7*time.Minute + 500*time.Millisecond).Unix()
		var entries []string
		for _, e := range got.Entries {
			entries = append(entries, string(e))
		}
		want := []string{
			fmt.Sprintf(`["sid","MOZKIFp3-dhdXn7q",%d]`, until),
			fmt.Sprintf(`["jti","yZ39Y-5h92iGsQR6",%d]`, until),
			fmt.Sprintf(`["sub","3HSxuvYaxTj0XiHb",%d,4]`, until),
			`["kid","L8NHBukaKRbosI1S",253402300799]`,
			fmt.Sprintf(`["sub","Z-Bd7K-TZC-VTJAX",%d,0]`, until),
		}
		if diff := cmp.Diff(want, entries); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		got.Entries = nil
		now := time.Now().UnixMilli()
		frame := page{Iss: testIssuer, FeedID: testFeed, To: 5, Head: 5, Mark: "0000000000000001", Now: now, AsOf: now, kid: "one"}
		if diff := cmp.Diff(frame, got, cmp.AllowUnexported(page{})); diff != "" {
			t.Errorf("page (-want +got):\n%s", diff)
		}
	})
}

func TestAnEmptyFeedHasAPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t)
		got, _ := i.ask(t, "", 30*time.Second) // who begins is told at once
		if want := testFeed + ".0.0000000000000000"; got.cursor() != want || got.Head != 0 || len(got.Entries) != 0 {
			t.Errorf("got %s of %d with %d entries, want %s", got.cursor(), got.Head, len(got.Entries), want)
		}
	})
}

// Entries that ran out are not told. What stands behind them is the head, not the last that was told.
func TestWhatRanOutIsNotToldButPassed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(3)...)
		first, _ := i.ask(t, "", 0)
		time.Sleep(time.Minute)
		i.kill(sessions(2)...)
		second, _ := i.ask(t, first.cursor(), 0)
		time.Sleep(6*time.Minute + 2*time.Second) // the three are past, the two are not
		got, _ := i.ask(t, "", 0)
		if len(got.Entries) != 2 || got.To != 5 || got.Head != 5 {
			t.Errorf("two live: got %d entries up to %d of %d", len(got.Entries), got.To, got.Head)
		}
		time.Sleep(time.Minute)
		got, _ = i.ask(t, "", 0)
		if len(got.Entries) != 0 || got.cursor() != second.cursor() {
			t.Errorf("none live: got %d entries, cursor %s, want %s", len(got.Entries), got.cursor(), second.cursor())
		}
		i.ask(t, first.cursor(), 0) // the places of the newest are known though they ran out
	})
}

// What a follower needs from any place on is told whole: no page has a gap, and all go on.
func TestWhoCatchesUpMissesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 40_000
		store := &memory{head: Head{FeedID: testFeed, MaxTTL: testTTL, AsOf: time.Now()}}
		for range 40 {
			store.kill(sessions(n / 40)...)
		}
		i := join(t, store)
		time.Sleep(time.Second) // it reads 8,192 at once
		cursors := []string{"", testFeed + ".0.0123456789abcdef"}
		for _, seq := range []int{1, 999, 16384, 16385, 32768, 39487, 39999} {
			cursors = append(cursors, Cursor{testFeed, int64(seq), store.entries[seq-1].Mark}.String())
		}
		for _, begin := range cursors {
			seen := make(map[string]bool)
			var at int64
			if begin != "" {
				c, err := ParseCursor(begin)
				if err != nil {
					t.Fatal(err)
				}
				at = c.Seq
			}
			place, rounds := at, 0
			for cursor := begin; ; rounds++ {
				got, _ := i.ask(t, cursor, 30*time.Second)
				if got.From > place || got.To <= place && got.To < got.Head {
					t.Fatalf("from %s: asked after %d, got %d to %d", begin, place, got.From, got.To)
				}
				for _, e := range got.Entries {
					seen[string(e[:25])] = true
				}
				if cursor, place = got.cursor(), got.To; got.To == got.Head {
					break
				}
			}
			missing := 0
			for _, e := range store.entries[at:] {
				if !seen[string(appendEntry(nil, &e)[:25])] {
					missing++
				}
			}
			if missing > 0 || place != n || rounds > n/pageEntries+2 {
				t.Errorf("from %q: %d entries are missing after %d pages, at %d", begin, missing, rounds+1, place)
			}
		}
	})
}

func TestAPageBeginsWhereManyCanShareIt(t *testing.T) {
	t.Parallel()
	for head := int64(0); head < 60_000; head += 97 {
		distinct := map[int64]bool{}
		for seq := max(0, head-40_000); seq <= head; seq += 1 + seq%7 {
			from := anchor(seq, head)
			distance := head - seq
			switch {
			case from > seq || from < 0:
				t.Fatalf("%d of %d: begins at %d", seq, head, from)
			case distance <= pageEntries/2 && head-from > max(3*distance, distance+leastSpan):
				t.Fatalf("%d of %d: begins at %d, more than three times as far", seq, head, from)
			case distance <= pageEntries/2 && head-from > pageEntries:
				t.Fatalf("%d of %d: begins at %d, too far for one page", seq, head, from)
			case seq < head && from+pageEntries <= seq:
				t.Fatalf("%d of %d: begins at %d and goes nowhere", seq, head, from)
			}
			distinct[from] = true
		}
		if len(distinct) > 30 {
			t.Fatalf("head %d: %d pages", head, len(distinct))
		}
	}
}

func TestNumbersStayWithinTheFormat(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{-1: "0", 0: "0", 1: "1", 1<<53 - 1: "9007199254740991", 1 << 60: "9007199254740991"} {
		if got := string(appendInteger(nil, n)); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
	e := Entry{Kill: Kill{Key: Key{Kind: Sid}}, Until: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)}
	if got := wireUntil(&e); got != forever {
		t.Errorf("until: got %d", got)
	}
}

// The longest that stands before the entries has to fit into the room that is left for it.
func TestTheRoomBeforeTheEntriesIsEnough(t *testing.T) {
	t.Parallel()
	p, err := newPayload("https://<issuer>.test/\"")
	if err != nil {
		t.Fatal(err)
	}
	p.begin()
	long := make([]byte, maxFeedID)
	for i := range long {
		long[i] = 'x'
	}
	const n = maxInteger
	text := p.end(&content{string(long), n, n, n, 1<<64 - 1, time.UnixMilli(n), time.UnixMilli(n)})
	var got page
	mustDecode(t, text, &got)
	if got.Iss != "https://<issuer>.test/\"" || got.FeedID != string(long) || got.From != n || got.AsOf != n || len(got.Entries) != 0 {
		t.Errorf("got %+v of %s", got, text)
	}
}
