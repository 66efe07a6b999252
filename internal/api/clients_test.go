package api

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

// knownClients are clients by their ids, with their secrets.
type knownClients map[string]*knownClient

type knownClient struct {
	accounts.Client
	secret string
}

func (k knownClients) AuthenticateClient(_ context.Context, id, secret string) (accounts.Client, error) {
	if c := k[id]; c != nil && c.secret == secret {
		return c.Client, nil
	}
	return accounts.Client{}, accounts.ErrClientInvalid
}

// client makes one.
func (w *world) client(t testing.TB, scopes, audiences []string) (id, secret string) {
	t.Helper()
	made, err := auth.NewClientID(time.Now(), rand.Reader)
	must(t, err)
	id, secret = made.String(), "acs_"+rand.Text()
	w.clients[id] = &knownClient{accounts.Client{ID: made, Scopes: scopes, Audiences: audiences}, secret}
	return id, secret
}
