package api

import (
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

// user is an account as operators see it.
type user struct {
	ID         string   `json:"id"`
	Username   string   `json:"username"`
	Roles      []string `json:"roles"` // the library writes nil as []
	Epoch      int64    `json:"epoch"`
	Disabled   bool     `json:"disabled"`
	DisabledAt string   `json:"disabled_at,omitempty"`
	CreatedAt  string   `json:"created_at"`
}

func userOf(u accounts.User) user {
	shown := user{ID: u.ID.String(), Username: u.Username, Roles: u.Roles, Epoch: int64(u.Epoch), CreatedAt: timestamp(u.CreatedAt)}
	if !u.DisabledAt.IsZero() {
		shown.Disabled, shown.DisabledAt = true, timestamp(u.DisabledAt)
	}
	return shown
}

// userPage is the answer to GET /admin/users.
type userPage struct {
	Users      []user `json:"users"`
	NextCursor string `json:"next_cursor,omitempty"`
}

func (a *admin) users(x *exchange, r *http.Request) error {
	p, err := paged(r, 'u')
	if err != nil {
		return err
	}
	// Names have neither: such a text would be a fault of the store's, and is one of the cursor's.
	if !utf8.ValidString(p.after) || strings.ContainsFunc(p.after, unicode.IsControl) {
		return errCursor
	}
	if r.URL.Query().Has("username") {
		return a.userByName(x, r, r.URL.Query().Get("username"))
	}
	list, err := a.Users.List(r.Context(), p.after, p.limit)
	if err != nil {
		return err
	}
	answer := userPage{}
	for _, u := range list {
		answer.Users = append(answer.Users, userOf(u))
	}
	if len(list) == p.limit {
		answer.NextCursor = cursor('u', list[len(list)-1].Username)
	}
	return x.sendJSON(http.StatusOK, answer)
}

// userByName answers a page of one or nobody.
func (a *admin) userByName(x *exchange, r *http.Request, name string) error {
	u, err := a.Users.FindByName(r.Context(), name)
	switch {
	case errors.Is(err, accounts.ErrUserNotFound):
		return x.sendJSON(http.StatusOK, userPage{})
	case err != nil:
		return err
	}
	return x.sendJSON(http.StatusOK, userPage{Users: []user{userOf(u)}})
}

// userCreation is the body of POST /admin/users.
type userCreation struct {
	Username text  `json:"username"`
	Password text  `json:"password"`
	Roles    texts `json:"roles"`
}

func (b *userCreation) required() []member {
	return []member{{"/username", b.Username.given}, {"/password", b.Password.given}}
}

func (a *admin) createUser(x *exchange, r *http.Request) error {
	var b userCreation
	if err := decode(x, r, &b); err != nil {
		return err
	}
	u, err := a.Users.Create(r.Context(), b.Username.value, b.Password.value, operator(x, r), b.Roles.values...)
	if err != nil {
		return err
	}
	return x.sendJSON(http.StatusCreated, userOf(u))
}

func (a *admin) user(x *exchange, r *http.Request) error {
	id, err := userID(r)
	if err != nil {
		return err
	}
	u, err := a.Users.User(r.Context(), id)
	if err != nil {
		return err
	}
	return x.sendJSON(http.StatusOK, userOf(u))
}

// userChange is the body of PATCH /admin/users/{id}. What is not given stays.
type userChange struct {
	Disabled boolean `json:"disabled"`
	Roles    texts   `json:"roles"`
	Password text    `json:"password"`
}

func (b *userChange) required() []member { return nil }

func (a *admin) changeUser(x *exchange, r *http.Request) error {
	id, err := userID(r)
	if err != nil {
		return err
	}
	var b userChange
	if err := decode(x, r, &b); err != nil {
		return err
	}
	change := accounts.Change{}
	if b.Disabled.given {
		change.Disabled = &b.Disabled.value
	}
	if b.Roles.given {
		change.Roles = &b.Roles.values
	}
	if b.Password.given {
		change.Password = &b.Password.value
	}
	if change == (accounts.Change{}) {
		return invalidRequest("", "Name at least one of disabled, roles and password.")
	}
	u, err := a.Users.Change(r.Context(), id, change, operator(x, r))
	if err != nil {
		return err
	}
	return x.sendJSON(http.StatusOK, userOf(u))
}

func (a *admin) deleteUser(x *exchange, r *http.Request) error {
	id, err := userID(r)
	if err != nil {
		return err
	}
	if err := a.Users.Delete(r.Context(), id, operator(x, r)); err != nil {
		return err
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *admin) revokeUser(x *exchange, r *http.Request) error {
	id, err := userID(r)
	if err != nil {
		return err
	}
	if err := a.Users.Revoke(r.Context(), id, operator(x, r)); err != nil {
		return err
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}

// issuedReset is the answer to POST /admin/users/{id}/password-reset.
type issuedReset struct {
	Token     string `json:"token"`
	ExpiresAt string `json:"expires_at"`
}

func (a *admin) resetPassword(x *exchange, r *http.Request) error {
	id, err := userID(r)
	if err != nil {
		return err
	}
	token, expires, err := a.Users.IssueReset(r.Context(), id, operator(x, r))
	if err != nil {
		return err
	}
	return x.sendJSON(http.StatusCreated, issuedReset{token.Reveal(), timestamp(expires)})
}

// userID is the id in the path. A text that is none, or another spelling of one, names nobody.
func userID(r *http.Request) (auth.UserID, error) {
	text := chi.URLParam(r, "id")
	id, err := auth.ParseUserID(text)
	if err != nil || id.String() != text {
		return id, accounts.ErrUserNotFound
	}
	return id, nil
}
