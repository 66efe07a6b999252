//go:build unix

package e2e

import (
	"net/http"
	"net/url"
	"testing"
)

// B24: addresses end in logs, histories and proxies, so a token in one is refused whatever else is right.
func TestB24ATokenInTheAddressRefreshesNothing(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		p := d.start(t)
		pair := signUp(t, p, "ada")
		path := "/refresh?refresh_token=" + url.QueryEscape(pair.RefreshToken)
		if a := ask(t, p, request{path: path}); a.status != http.StatusMethodNotAllowed && a.status != http.StatusBadRequest {
			t.Errorf("GET: got %v", a)
		}
		post := refreshing(pair.RefreshToken)
		post.path = path
		if a := ask(t, p, post); a.status != http.StatusBadRequest {
			t.Errorf("POST: got %v", a)
		}
		wantGeneration(t, refresh(t, p, pair.RefreshToken).RefreshToken, 1)
	})
}
