package verify

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/verify/internal/fake"
	"github.com/authd/authd/verify/internal/jws"
)

// load reads a file of the vectors. testdata/vectors/README.md says what its members are.
func load(t testing.TB, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func loadText(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

type tokenVectors struct {
	Conditions struct {
		Issuer, Audience, Page    string
		Time, Leeway, MaxLifetime int64
	}
	Tokens []struct{ Name, Outcome, Token string }
}

// outcomeOf is the vectors' word for an error.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "valid"
	case errors.Is(err, ErrInvalid):
		return "invalid"
	case errors.Is(err, ErrExpired):
		return "expired"
	case errors.Is(err, ErrRevoked):
		return "revoked"
	case errors.Is(err, ErrStale):
		return "stale"
	case errors.Is(err, ErrNotReady):
		return "not_ready"
	}
	return err.Error()
}

// vectorServer is an authd that publishes the keys of the vectors, answers the first poll with a page,
// and holds the others.
type vectorServer struct {
	keys    []byte
	page    string
	asked   map[string]bool // :: paths other than the two
	offered bool
}

func (s *vectorServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/.well-known/jwks.json":
		_, _ = w.Write(s.keys)
	case r.URL.Path == "/revocations" && !s.offered:
		s.offered = true
		_, _ = w.Write([]byte(s.page))
	case r.URL.Path == "/revocations":
		<-r.Context().Done()
	default:
		s.asked[r.URL.String()] = true
	}
}

// until moves the clock of a bubble, whose time begins in the year 2000.
func until(milliseconds int64) { time.Sleep(time.Until(time.UnixMilli(milliseconds))) }

// A1 to A22, A24, C1, C2, C5, C6 and D5: every token of the vectors is worth what they say, at the first
// sight and at the second.
func TestEveryTokenOfTheVectorsIsWorthWhatTheySay(t *testing.T) {
	t.Parallel()
	var vectors tokenVectors
	load(t, "tokens.json", &vectors)
	server := &vectorServer{keys: loadText(t, "keys.json"), page: vectors.Conditions.Page, asked: make(map[string]bool)}
	counts := make(map[string]int)
	synctest.Test(t, func(t *testing.T) {
		until(vectors.Conditions.Time * 1000)
		v, err := New(Config{Issuer: vectors.Conditions.Issuer, Audience: vectors.Conditions.Audience,
			Leeway: time.Duration(vectors.Conditions.Leeway) * time.Second, HTTPClient: fake.Client(server)})
		if err != nil {
			t.Fatal(err)
		}
		go v.Run(t.Context())
		synctest.Wait()
		for range 2 {
			for _, c := range vectors.Tokens {
				claims, err := v.Token(t.Context(), c.Token)
				if got := outcomeOf(err); got != c.Outcome {
					t.Errorf("%s: got %s (%v), want %s", c.Name, got, err, c.Outcome)
				}
				if (err == nil) != (claims != Claims{}) {
					t.Errorf("%s: got %v with the claims %v", c.Name, err, claims)
				}
			}
		}
	})
	for _, c := range vectors.Tokens {
		counts[c.Outcome]++
	}
	if len(server.asked) > 0 { // A5
		t.Errorf("tokens made the verifier ask for %v", server.asked)
	}
	t.Logf("%d tokens: %v", len(vectors.Tokens), counts)
}

// A25, A26: of every key set exactly the keys that are good can be used.
func TestOfEveryKeySetOfTheVectorsTheGoodKeysAreUsed(t *testing.T) {
	t.Parallel()
	var vectors struct {
		KeySets []struct {
			Name, Outcome, Set string
			Usable             []string
		} `json:"key_sets"`
	}
	load(t, "keysets.json", &vectors)
	for _, c := range vectors.KeySets {
		keys, _, err := jws.ParseSet([]byte(c.Set))
		if (err == nil) != (c.Outcome == "valid") {
			t.Errorf("%s: got %v, want %s", c.Name, err, c.Outcome)
		}
		var usable []string
		for _, k := range keys {
			usable = append(usable, k.ID())
		}
		if !slices.Equal(usable, c.Usable) {
			t.Errorf("%s: got %v, want %v", c.Name, usable, c.Usable)
		}
	}
	t.Logf("%d key sets", len(vectors.KeySets))
}
