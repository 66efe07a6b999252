package api

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

// client is a machine client as operators see it.
type client struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Scopes    []string `json:"scopes"` // the library writes nil as []
	Audiences []string `json:"audiences"`
	Epoch     int64    `json:"epoch"`
	CreatedAt string   `json:"created_at"`
}

func clientOf(c accounts.Client) client {
	return client{ID: c.ID.String(), Name: c.Name, Scopes: c.Scopes, Audiences: c.Audiences, Epoch: int64(c.Epoch), CreatedAt: timestamp(c.CreatedAt)}
}

// clientPage is the answer to GET /admin/clients.
type clientPage struct {
	Clients    []client `json:"clients"`
	NextCursor string   `json:"next_cursor,omitempty"`
}

func (a *admin) clients(x *exchange, r *http.Request) error {
	p, err := paged(r, 'c')
	if err != nil {
		return err
	}
	after, err := p.placeID()
	if err != nil {
		return err
	}
	list, err := a.Clients.Clients(r.Context(), after, p.limit)
	if err != nil {
		return err
	}
	answer := clientPage{}
	for _, c := range list {
		answer.Clients = append(answer.Clients, clientOf(c))
	}
	if len(list) == p.limit {
		last := list[len(list)-1].ID
		answer.NextCursor = cursor('c', string(last[:]))
	}
	return x.sendJSON(http.StatusOK, answer)
}

// clientCreation is the body of POST /admin/clients.
type clientCreation struct {
	Name      text  `json:"name"`
	Scopes    texts `json:"scopes"`
	Audiences texts `json:"audiences"`
}

func (b *clientCreation) required() []member { return []member{{"/name", b.Name.given}} }

// madeClient is the answer to it: the one place where the secret is shown.
type madeClient struct {
	client
	Secret string `json:"secret"`
}

func (a *admin) createClient(x *exchange, r *http.Request) error {
	var b clientCreation
	if err := decode(x, r, &b); err != nil {
		return err
	}
	c, secret, err := a.Clients.CreateClient(r.Context(), accounts.NewClient{
		Name: b.Name.value, Scopes: b.Scopes.values, Audiences: b.Audiences.values,
	}, operator(x, r))
	if err != nil {
		return err
	}
	return x.sendJSON(http.StatusCreated, madeClient{clientOf(c), secret.Reveal()})
}

func (a *admin) deleteClient(x *exchange, r *http.Request) error {
	id, err := clientID(r)
	if err != nil {
		return err
	}
	if err := a.Clients.DeleteClient(r.Context(), id, operator(x, r)); err != nil {
		return err
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *admin) revokeClient(x *exchange, r *http.Request) error {
	id, err := clientID(r)
	if err != nil {
		return err
	}
	if err := a.Clients.RevokeClient(r.Context(), id, operator(x, r)); err != nil {
		return err
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}

// clientID is the id in the path. A text that is none, or another spelling of one, names nobody.
func clientID(r *http.Request) (auth.ClientID, error) {
	text := chi.URLParam(r, "id")
	id, err := auth.ParseClientID(text)
	if err != nil || id.String() != text {
		return id, accounts.ErrClientNotFound
	}
	return id, nil
}
