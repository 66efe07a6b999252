//go:build !race

package verify

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/authd/authd/verify/internal/fake"
)

// The race detector makes values escape that do not otherwise, so that make test runs this in its round without it.
// Whoever needs more raises a limit in a commit that says what that bought. Where the allocations are:
//
//	go test -run 'AllocatesNoMore' -memprofile m.out -memprofilerate 1 && go tool pprof -sample_index alloc_objects m.out
func TestATokenAllocatesNoMoreThanItHasTo(t *testing.T) {
	authd := fake.New()
	first, again := warm(t, authd, 1000), warm(t, authd, 1000)
	stayFresh(first)
	stayFresh(again)
	first.c.tokens = newCache(-1)
	raw, ctx := authd.Token(nil), t.Context()
	passed := 0
	handler := again.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed++ }))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+raw)
	w := nobody{make(http.Header)}
	for _, limit := range []struct {
		what string
		most float64
		do   func() error
	}{
		{"seen before", 0, func() error { _, err := again.Token(ctx, raw); return err }},
		{"at first sight", 35, func() error { _, err := first.Token(ctx, raw); return err }},
		{"seen before, in the middleware", 2, func() error { handler.ServeHTTP(w, r); return nil }},
	} {
		var err error
		got := testing.AllocsPerRun(200, func() {
			if e := limit.do(); e != nil {
				err = e
			}
		})
		if err != nil {
			t.Errorf("%s: %v", limit.what, err)
		} else if got > limit.most {
			t.Errorf("%s: got %v allocations, at most %v", limit.what, got, limit.most)
		}
	}
	if passed == 0 {
		t.Error("the middleware let nobody through")
	}
}
