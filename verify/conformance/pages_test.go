package conformance

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/authd/authd/verify/internal/feed"
	"github.com/authd/authd/verify/internal/live"
)

// plainPage is a page as encoding/json reads it.
type plainPage struct {
	Issuer  string `json:"iss"`
	FeedID  string `json:"feed_id"`
	From    int64  `json:"from"`
	To      int64  `json:"to"`
	Head    int64  `json:"head"`
	Mark    string `json:"mark"`
	Now     int64  `json:"now"`
	AsOf    int64  `json:"as_of"`
	Entries [][]any
}

// FuzzPages looks for a page that ours reads and encoding/json does not, or as something else.
func FuzzPages(f *testing.F) {
	for _, page := range vectorPages(f) {
		if _, payload, ok := parts(page); ok {
			f.Add(payload)
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		page, err := feed.Decode(payload, nil)
		if err != nil {
			return
		}
		var plain plainPage
		if err := json.Unmarshal(payload, &plain); err != nil {
			t.Fatalf("%q: encoding/json: %v", payload, err)
		}
		if got, want := describe(page), plain.describe(); got != want {
			t.Errorf("%q: got\n%s, want\n%s", payload, got, want)
		}
	})
}

// describe writes what a page says, keys behind the other kills.
func describe(p *feed.Page) string {
	var out strings.Builder
	fmt.Fprintln(&out, p.Issuer, p.FeedID, p.From, p.To, p.Head, p.Mark, p.Now, p.AsOf)
	names := map[live.Kind]string{live.Session: "sid", live.Token: "jti", live.Subject: "sub"}
	for _, k := range p.Kills {
		fmt.Fprintln(&out, names[k.Kind], base64url(k.Digest[:]), k.Until, k.Value)
	}
	for _, k := range p.Keys {
		fmt.Fprintln(&out, "kid", base64url(k[:]))
	}
	return out.String()
}

func (p *plainPage) describe() string {
	var out, keys strings.Builder
	fmt.Fprintln(&out, p.Issuer, p.FeedID, p.From, p.To, p.Head, p.Mark, p.Now, p.AsOf)
	for _, e := range p.Entries {
		subject, _ := base64.RawURLEncoding.DecodeString(e[1].(string))
		if e[0] == "kid" {
			fmt.Fprintln(&keys, "kid", base64url(subject))
			continue
		}
		value := 0.0
		if len(e) == 4 {
			value = e[3].(float64)
		}
		until := min(e[2].(float64), math.MaxUint32)
		fmt.Fprintln(&out, e[0], base64url(subject), uint32(until), uint64(value))
	}
	return out.String() + keys.String()
}

// vectorPages are the pages of all followers.
func vectorPages(t testing.TB) (pages []string) {
	t.Helper()
	var vectors struct {
		Followers []struct{ Steps []struct{ Page string } }
	}
	if err := json.Unmarshal(vectorFile(t, "feed.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	for _, f := range vectors.Followers {
		for _, s := range f.Steps {
			if s.Page != "" {
				pages = append(pages, s.Page)
			}
		}
	}
	return pages
}
