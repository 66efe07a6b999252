package userfile

import (
	"strings"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

// members are all that a file may have, in the order in which they are written. The first two must be
// there.
var members = []string{"username", "password_hash", "id", "roles", "created_at", "disabled", "disabled_at"}

// values are a user's members as text. Empty is not given.
type values struct {
	username, hash, id    string
	createdAt, disabledAt string
	roles                 []string
	disabled              bool
}

// user reads what has a form of its own. Whether a name, a hash or a role may be is for package accounts to
// say.
func (v values) user() (u accounts.Imported, fault Fault) {
	u = accounts.Imported{Username: v.username, PasswordHash: auth.NewSecret(v.hash), Roles: v.roles, Disabled: v.disabled}
	if v.id != "" {
		id, err := auth.ParseUserID(v.id)
		if err != nil || len(v.id) != len("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") {
			return u, Fault{"id_invalid", "the id is no UUID with its hyphens, or all zeroes"}
		}
		u.ID = id
	}
	for _, t := range []struct {
		text, member string
		into         *time.Time
	}{{v.createdAt, "created_at", &u.CreatedAt}, {v.disabledAt, "disabled_at", &u.DisabledAt}} {
		if t.text == "" {
			continue
		}
		if !readTime(t.text, t.into) {
			return u, Fault{"time_invalid", t.member + " is no time as 2006-01-02T15:04:05Z (RFC 3339)"}
		}
	}
	return u, Fault{}
}

// readTime is stricter than package time, which lets an hour have one digit and a second have a comma. The
// zero time is refused, because it would be taken for one that was not given.
func readTime(text string, into *time.Time) bool {
	err := into.UnmarshalText([]byte(text))
	return err == nil && !into.IsZero() && text[len("2006-01-02T15")] == ':' && !strings.Contains(text, ",")
}
