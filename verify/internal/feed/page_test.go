package feed

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/authd/authd/verify/internal/fake"
	"github.com/authd/authd/verify/internal/live"
)

// example is the payload of the page in docs/feed.md.
const example = `{"iss":"https://auth.example.com","feed_id":"mB3xq0Zt7LwKpR2a","from":40,"to":45,"head":45,"mark":"9f3c5a7e01d2b684","now":1795357626120,"as_of":1795357625280,"entries":[["sid","MOZKIFp3-dhdXn7q",1795358043],["jti","yZ39Y-5h92iGsQR6",1795358044],["sub","3HSxuvYaxTj0XiHb",1795358046,4],["kid","L8NHBukaKRbosI1S",253402300799]]}`

func TestTheExampleOfTheSpecificationIsRead(t *testing.T) {
	t.Parallel()
	p, err := Decode([]byte(example), nil)
	if err != nil {
		t.Fatal(err)
	}
	kills := []live.Record{
		{Kind: live.Session, Digest: live.DigestOf("AZqr_FvkfVqdDzxBpPDC7g"), Until: 1795358043},
		{Kind: live.Token, Digest: live.DigestOf("q83vEjRWeJCrze8S"), Until: 1795358044},
		{Kind: live.Subject, Digest: live.DigestOf("019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee"), Until: 1795358046, Value: 4},
	}
	if len(p.Kills) != 3 || p.Kills[0] != kills[0] || p.Kills[1] != kills[1] || p.Kills[2] != kills[2] {
		t.Errorf("got kills %v", p.Kills)
	}
	if len(p.Keys) != 1 || p.Keys[0] != live.DigestOf("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs") {
		t.Errorf("got keys %v", p.Keys)
	}
	if p.Issuer != "https://auth.example.com" || p.From != 40 || p.To != 45 || p.Head != 45 || p.Now != 1795357626120 || p.AsOf != 1795357625280 {
		t.Errorf("got %+v", p)
	}
	cursor, step := Cursor{}.Take(&Page{FeedID: p.FeedID, To: p.To, Mark: p.Mark})
	if step != Onward || cursor.String() != "mB3xq0Zt7LwKpR2a.45.9f3c5a7e01d2b684" {
		t.Errorf("got cursor %q", cursor)
	}
}

// edit makes the example with some members changed; nil removes one.
func edit(t testing.TB, changes fake.JSON) []byte {
	t.Helper()
	var page map[string]any
	d := json.NewDecoder(strings.NewReader(example))
	d.UseNumber()
	if err := d.Decode(&page); err != nil {
		t.Fatal(err)
	}
	for name, value := range changes {
		if page[name] = value; value == nil {
			delete(page, name)
		}
	}
	b, err := json.Marshal(page)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The format does not grow in silence: what is not understood may be what matters.
func TestAPageThatIsNotToTheLetterIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := Decode(edit(t, nil), nil); err != nil {
		t.Fatal(err)
	}
	digest := fake.Digest("x")
	for what, changes := range map[string]fake.JSON{
		"a member more":          {"more": 1},
		"from behind to":         {"from": 46},
		"to behind head":         {"to": 46},
		"a place below zero":     {"from": -1},
		"a place with fractions": {"to": 45.5},
		"a place in a string":    {"to": "45"},
		"a place beyond 2^53":    {"head": json.Number("9007199254740992")},
		"a short mark":           {"mark": "9f3c5a7e01d2b68"},
		"a mark in capitals":     {"mark": "9F3C5A7E01D2B684"},
		"a mark that is none":    {"mark": "9f3c5a7e01d2b68g"},
		"a short feed_id":        {"feed_id": "mB3xq0Zt7LwKpR2"},
		"a long feed_id":         {"feed_id": "mB3xq0Zt7LwKpR2aa"},
		"a feed_id with a dot":   {"feed_id": "mB3xq0Zt7LwKpR.a"},
		"a feed_id with a slash": {"feed_id": "mB3xq0Zt7LwKpR/a"},
		"a number for iss":       {"iss": 1},
		"now in seconds' form":   {"now": "2026-11-22T14:27:06Z"},
		"entries that are null":  {"entries": []byte(nil)},
		"entries in an object":   {"entries": fake.JSON{}},
		"an unknown kind":        {"entries": [][]any{{"aud", digest, 1}}},
		"a kind in capitals":     {"entries": [][]any{{"SID", digest, 1}}},
		"an empty entry":         {"entries": [][]any{{}}},
		"an entry without until": {"entries": [][]any{{"sid", digest}}},
		"a value where none is":  {"entries": [][]any{{"sid", digest, 1, 1}}},
		"a missing value":        {"entries": [][]any{{"sub", digest, 1}}},
		"an entry of five":       {"entries": [][]any{{"sub", digest, 1, 1, 1}}},
		"a value below zero":     {"entries": [][]any{{"sub", digest, 1, -1}}},
		"a value in a string":    {"entries": [][]any{{"sub", digest, 1, "1"}}},
		"an until that is null":  {"entries": [][]any{{"sid", digest, nil}}},
		"a short subject":        {"entries": [][]any{{"sid", digest[:15], 1}}},
		"a long subject":         {"entries": [][]any{{"sid", digest + "A", 1}}},
		"a padded subject":       {"entries": [][]any{{"sid", digest[:15] + "=", 1}}},
		"a subject of others":    {"entries": [][]any{{"sid", digest[:15] + "+", 1}}},
		"a line's end inside":    {"entries": [][]any{{"sid", digest[:15] + "\n", 1}}},
		"a key that runs out":    {"entries": [][]any{{"kid", digest, 1795358046}}},
		"a key with a value":     {"entries": [][]any{{"kid", digest, 253402300799, 1}}},
		"an entry that is none":  {"entries": []any{"sid"}},
	} {
		if p, err := Decode(edit(t, changes), nil); err == nil || p != nil {
			t.Errorf("%s: it was read", what)
		}
	}
	for _, name := range []string{"iss", "feed_id", "from", "to", "head", "mark", "now", "as_of", "entries"} {
		if _, err := Decode(edit(t, fake.JSON{name: nil}), nil); err == nil {
			t.Errorf("without %s it was read", name)
		}
	}
	for _, text := range []string{"", "{}", "[]", "null", example + "x", example[:len(example)-1] + `,"to":45}`, " \xff" + example} {
		if _, err := Decode([]byte(text), nil); err == nil {
			t.Errorf("%.30q was read", text)
		}
	}
}

func TestAPageHasABoundedNumberOfEntries(t *testing.T) {
	t.Parallel()
	entries := make([][]any, maxEntries)
	for i := range entries {
		entries[i] = []any{"sid", fake.Digest("x"), 1}
	}
	p, err := Decode(edit(t, fake.JSON{"entries": entries}), nil)
	if err != nil || len(p.Kills) != maxEntries {
		t.Errorf("got %v", err)
	}
	if _, err := Decode(edit(t, fake.JSON{"entries": append(entries, entries[0])}), nil); err == nil {
		t.Error("an entry more was read")
	}
}

// An until beyond what a record holds is obeyed as long as it can be.
func TestALateUntilIsNotCutShort(t *testing.T) {
	t.Parallel()
	p, err := Decode(edit(t, fake.JSON{"entries": [][]any{{"sid", fake.Digest("x"), int64(1)<<32 + 5}}}), nil)
	if err != nil || p.Kills[0].Until != 1<<32-1 {
		t.Errorf("got %v, %v", p, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(example))
	f.Add(edit(f, fake.JSON{"entries": [][]any{}}))
	f.Add(edit(f, fake.JSON{"entries": [][]any{{"kid", fake.Digest("x"), 253402300799}}}))
	f.Add([]byte(`{"entries":[["sub","AAAAAAAAAAAAAAAA",1,1]]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		p, err := Decode(payload, make([]live.Record, 3))
		if err != nil {
			return
		}
		var s live.Set
		for _, kill := range p.Kills {
			if kill.Kind < live.Session || kill.Kind > live.Subject || kill.Value > live.MaxValue || kill.Kind != live.Subject && kill.Value != 0 {
				t.Fatalf("got %v", kill)
			}
			if err := s.Add(kill); err != nil {
				t.Fatal(err)
			}
		}
		if p.From > p.To || p.To > p.Head || !isMark(p.Mark) || !isFeedID(p.FeedID) {
			t.Fatalf("got %+v", p)
		}
		if c, step := (Cursor{}).Take(p); step == Onward && !strings.HasPrefix(c.String(), p.FeedID+".") {
			t.Fatalf("got cursor %q", c)
		}
	})
}
