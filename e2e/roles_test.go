//go:build unix

package e2e

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// wantBehind checks what a token gets at a route of the service that wants more than a good token.
func (s *service) wantBehind(t testing.TB, require func(http.Handler) http.Handler, token string, want int) {
	t.Helper()
	route := s.Middleware(require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	route.ServeHTTP(w, r)
	if w.Code != want {
		t.Errorf("%s: got %d, want %d: %s", s.name, w.Code, want, w.Body)
	}
}

// B27: an operator gives a role and takes it back, beside the servers. Routes open and close with the
// next refresh, wherever that is asked for.
func TestB27ARoleOpensARouteAtTheNextRefreshAndNoLongerThanThat(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		all := d.startAll(t)
		first, last := all[0], all[len(all)-1]
		s := following(t, "service", last.addr, time.Minute)
		admin := s.RequireRole("admin")
		ada := signUp(t, first, "ada")
		s.wantAccepts(t, ada.AccessToken)
		s.wantBehind(t, admin, ada.AccessToken, http.StatusForbidden)

		set := func(args ...string) {
			t.Helper()
			if output, err := d.command(t, "", append([]string{"users", "roles", "ada"}, args...)...); err != nil {
				t.Fatalf("authd users roles ada %v: %v\n%s", args, err, output)
			}
		}
		set("admin", "editor")
		s.wantBehind(t, admin, ada.AccessToken, http.StatusForbidden)
		raised := refresh(t, last, ada.RefreshToken)
		s.wantBehind(t, admin, raised.AccessToken, http.StatusOK)

		set("editor")
		reduced := refresh(t, first, raised.RefreshToken)
		s.wantBehind(t, admin, reduced.AccessToken, http.StatusForbidden)
		s.wantBehind(t, s.RequireRole("editor"), reduced.AccessToken, http.StatusOK)
		set("--none")
		s.wantBehind(t, s.RequireRole("editor"), refresh(t, last, reduced.RefreshToken).AccessToken, http.StatusForbidden)
	})
}
