package verify

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/verify/internal/fake"
)

type feedVectors struct {
	Conditions struct {
		Issuer, Audience string
		Leeway, Budget   int64
	}
	Tokens    map[string]string
	Followers []struct {
		Name  string
		Steps []feedStep
	}
}

type feedStep struct {
	About, Page, Outcome, Cursor string
	Sent, Answered               int64
	Status                       int
	KnownUntil                   *int64 `json:"known_until"`
	Tokens                       map[string]string
}

// C17 to C21 and C24, C27: every follower of the vectors takes and refuses what they say, knows as much
// as they say, and lets the tokens in that they say.
func TestEveryFollowerOfTheVectorsDoesWhatTheySay(t *testing.T) {
	t.Parallel()
	var vectors feedVectors
	load(t, "feed.json", &vectors)
	keys, steps := loadText(t, "keys.json"), 0
	for _, c := range vectors.Followers {
		steps += len(c.Steps)
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { runFollower(t, &vectors, keys, c.Steps) })
		})
	}
	t.Logf("%d followers, %d steps", len(vectors.Followers), steps)
}

func runFollower(t *testing.T, vectors *feedVectors, keys []byte, steps []feedStep) {
	until(steps[0].Sent)
	server := &oneAnswer{keys: keys}
	v, err := New(Config{Issuer: vectors.Conditions.Issuer, Audience: vectors.Conditions.Audience,
		MaxStaleness: time.Duration(vectors.Conditions.Budget) * time.Second,
		Leeway:       time.Duration(vectors.Conditions.Leeway) * time.Second, HTTPClient: fake.Client(server)})
	if err != nil {
		t.Fatal(err)
	}
	go v.c.keys.run(t.Context())
	synctest.Wait()
	f := &follower{c: v.c}
	for n, s := range steps {
		until(s.Sent)
		if s.Status != 0 {
			server.step = s
			_, err := f.poll(t.Context())
			refused := err != nil && !errors.Is(err, errPageForked) // whose entries count
			if s.Status == http.StatusOK && refused != (s.Outcome == "refused") {
				t.Errorf("step %d, %s: got %v, want it %s", n, s.About, err, s.Outcome)
			}
		}
		until(s.Answered)
		synctest.Wait()
		s.check(t, n, v, f, vectors.Tokens)
	}
}

// check looks at everything that a step says of the time after it.
func (s *feedStep) check(t *testing.T, n int, v *Verifier, f *follower, tokens map[string]string) {
	t.Helper()
	if got := f.cursor.String(); got != s.Cursor {
		t.Errorf("step %d, %s: the cursor is %q, want %q", n, s.About, got, s.Cursor)
	}
	switch known := v.c.fresh.at.Load(); {
	case (known == nil) != (s.KnownUntil == nil):
		t.Errorf("step %d, %s: known up to %v, want %v", n, s.About, known, s.KnownUntil)
	case known != nil && known.complete.UnixMilli() != *s.KnownUntil:
		t.Errorf("step %d, %s: known up to %d, want %d", n, s.About, known.complete.UnixMilli(), *s.KnownUntil)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Tokens)) {
		_, err := v.Token(t.Context(), tokens[name])
		if got := outcomeOf(err); got != s.Tokens[name] {
			t.Errorf("step %d, %s: the token %q is %s (%v), want %s", n, s.About, name, got, err, s.Tokens[name])
		}
	}
}

// oneAnswer serves the keys, and of the feed what the step at hand says.
type oneAnswer struct {
	keys []byte
	step feedStep
}

func (a *oneAnswer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/revocations" {
		_, _ = w.Write(a.keys)
		return
	}
	delay(r.Context(), time.Duration(a.step.Answered-a.step.Sent)*time.Millisecond)
	if a.step.Status/100 == 3 {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(a.step.Status)
	_, _ = w.Write([]byte(a.step.Page))
}

func delay(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
