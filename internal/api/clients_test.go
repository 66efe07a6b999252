package api

import (
	"testing"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/tokens"
)

// client makes one.
func (w *world) client(t testing.TB, scopes, audiences []string) (id, secret string) {
	t.Helper()
	made, proof, err := w.users.CreateClient(t.Context(), accounts.NewClient{Name: "billing", Scopes: scopes, Audiences: audiences}, tokens.Origin{})
	must(t, err)
	return made.ID.String(), proof.Reveal()
}
