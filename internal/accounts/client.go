package accounts

import (
	"time"

	"github.com/authd/authd/internal/auth"
)

// Client is a machine that proves itself by a secret.
type Client struct {
	ID        auth.ClientID
	Name      string
	Scopes    []string   // what its tokens may be asked for
	Audiences []string   // who its tokens may be for; none: whoever this service's are for
	Epoch     auth.Epoch // of its tokens; those below are dead
	CreatedAt time.Time
}

// ErrClientInvalid is the one answer to a client's id and secret that do not belong together, whatever
// the cause.
var ErrClientInvalid = &auth.Error{Kind: auth.InvalidClient, Code: "invalid_client",
	Public: "The client's id or secret is wrong."}
