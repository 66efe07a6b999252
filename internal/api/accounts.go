package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/tokens"
)

// registration is the body of POST /register.
type registration struct {
	Username text `json:"username"`
	Password text `json:"password"`
}

func (b *registration) required() []member {
	return []member{{"/username", b.Username.given}, {"/password", b.Password.given}}
}

// account is the answer to POST /register.
type account struct {
	ID        string `json:"id"`
	Username  string `json:"username"`
	CreatedAt string `json:"created_at"`
}

func (a *api) register(x *exchange, r *http.Request) error {
	var b registration
	if err := decode(x, r, &b); err != nil {
		return err
	}
	user, err := a.Accounts.Register(r.Context(), b.Username.value, b.Password.value, origin(x, r))
	if err != nil {
		return err
	}
	return x.sendJSON(http.StatusCreated, account{user.ID.String(), user.Username, timestamp(user.CreatedAt)})
}

// self is the answer to GET /me.
type self struct {
	ID        string   `json:"id"`
	Username  string   `json:"username"`
	Roles     []string `json:"roles"` // the library writes nil as []
	CreatedAt string   `json:"created_at"`
	SessionID string   `json:"session_id"`
}

func (a *api) me(x *exchange, r *http.Request) error {
	principal, err := a.holder(r)
	if err != nil {
		return err
	}
	user, err := a.Accounts.User(r.Context(), principal.User)
	if errors.Is(err, accounts.ErrUserNotFound) {
		return tokens.ErrTokenInvalid.Because(err) // deleted since: the token died with the account
	}
	if err != nil {
		return err
	}
	return x.sendJSON(http.StatusOK, self{user.ID.String(), user.Username, user.Roles,
		timestamp(user.CreatedAt), principal.Session.String()})
}

// timestamp writes t as the contract has times: RFC 3339 in UTC, with what the stores keep of it.
func timestamp(t time.Time) string {
	return t.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
}
