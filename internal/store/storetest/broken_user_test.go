package storetest

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// readUsers passes every user that is read, in whatever way, through change.
func readUsers(change func(*accounts.User)) func(*broken) {
	return func(b *broken) {
		b.userByID = func(ctx context.Context, id auth.UserID) (accounts.User, bool, error) {
			u, found, err := b.Store.UserByID(ctx, id)
			change(&u)
			return u, found, err
		}
		b.userByName = func(ctx context.Context, name string) (accounts.User, bool, error) {
			u, found, err := b.Store.UserByName(ctx, name)
			change(&u)
			return u, found, err
		}
		logins(func(_ *broken, c *accounts.Credentials, _ *int, _ *bool) { change(&c.User) })(b)
	}
}

// logins passes credentials through change.
func logins(change func(b *broken, c *accounts.Credentials, cost *int, found *bool)) func(*broken) {
	return func(b *broken) {
		b.credentials = func(ctx context.Context, name string) (accounts.Credentials, int, bool, error) {
			c, cost, found, err := b.Store.CredentialsByName(ctx, name)
			change(b, &c, &cost, &found)
			return c, cost, found, err
		}
	}
}

// creations changes what becomes of a new user.
func creations(create func(b *broken, ctx context.Context, u accounts.User, hash string) (time.Time, error)) func(*broken) {
	return func(b *broken) {
		b.createUser = func(ctx context.Context, u accounts.User, hash string) (time.Time, error) {
			return create(b, ctx, u, hash)
		}
	}
}

// userless is a LoadUser that forgets the user's roles.
func userless(load func(context.Context, auth.UserID) (tokens.User, []tokens.Session, time.Time, bool, error)) func(
	context.Context, auth.UserID) (tokens.User, []tokens.Session, time.Time, bool, error) {
	return func(ctx context.Context, id auth.UserID) (tokens.User, []tokens.Session, time.Time, bool, error) {
		user, list, clock, found, err := load(ctx, id)
		user.Roles = nil
		return user, list, clock, found, err
	}
}

var userDefects = map[string][]defect{
	"a user survives the round trip by id, by name and with credentials": {
		{"roles are split at more than spaces", readUsers(func(u *accounts.User) {
			u.Roles = strings.FieldsFunc(strings.Join(u.Roles, " "), func(r rune) bool { return r == ' ' || r == '-' })
		})},
		{"nobody has one empty role", readUsers(func(u *accounts.User) {
			if len(u.Roles) == 0 {
				u.Roles = []string{""}
			}
		})},
		{"everybody is enabled", readUsers(func(u *accounts.User) { u.DisabledAt = time.Time{} })},
		{"the epoch was a float", readUsers(func(u *accounts.User) { u.Epoch = auth.Epoch(float64(u.Epoch)) })},
		{"names end at 127 bytes", readUsers(func(u *accounts.User) { u.Username = u.Username[:min(127, len(u.Username))] })},
		{"times are in the local zone", readUsers(func(u *accounts.User) {
			u.CreatedAt = u.CreatedAt.In(time.FixedZone("here", 3600))
		})},
		{"quotes are doubled", readUsers(func(u *accounts.User) { u.Username = strings.ReplaceAll(u.Username, "'", "''") })},
		{"nobody is found", func(b *broken) {
			b.userByName = func(ctx context.Context, name string) (accounts.User, bool, error) {
				u, _, err := b.Store.UserByName(ctx, name)
				return u, true, err
			}
		}},
		{"sessions see no roles", func(b *broken) {
			b.loadUser = userless(b.loadUser)
		}},
	},
	"a user is created at the store's clock": {
		{"at the time that was given", creations(func(b *broken, ctx context.Context, u accounts.User, hash string) (time.Time, error) {
			_, err := b.Store.CreateUser(ctx, u, hash)
			b.sql(`update users set created_at = ?`, u.CreatedAt.UnixMicro())
			return u.CreatedAt, err
		})},
		{"what is stored is not what is returned", creations(func(b *broken, ctx context.Context, u accounts.User, hash string) (time.Time, error) {
			at, err := b.Store.CreateUser(ctx, u, hash)
			b.sql(`update users set created_at = created_at - 1`)
			return at, err
		})},
		{"in whole seconds", creations(func(b *broken, ctx context.Context, u accounts.User, hash string) (time.Time, error) {
			at, err := b.Store.CreateUser(ctx, u, hash)
			b.sql(`update users set created_at = created_at - created_at % 1000000`)
			return at.Truncate(time.Second), err
		})},
	},
	"credentials are of one row": {
		{"a neighbour's hash", logins(func(b *broken, c *accounts.Credentials, _ *int, _ *bool) {
			other, _, _, _ := b.Store.CredentialsByName(b.tb.Context(), "ben")
			c.PasswordHash = other.PasswordHash
		})},
		{"the epoch of another moment", logins(func(_ *broken, c *accounts.Credentials, _ *int, _ *bool) { c.Epoch = 1 })},
		{"the version of another moment", logins(func(_ *broken, c *accounts.Credentials, _ *int, _ *bool) { c.RowVersion = 1 })},
		{"the first hash is remembered", func(b *broken) {
			first := make(map[string]string)
			create := b.createUser
			b.createUser = func(ctx context.Context, u accounts.User, hash string) (time.Time, error) {
				first[u.Username] = hash
				return create(ctx, u, hash)
			}
			logins(func(_ *broken, c *accounts.Credentials, _ *int, _ *bool) {
				if hash, known := first[c.Username]; known {
					c.PasswordHash = hash
				}
			})(b)
		}},
	},
	"nobody's credentials come with the greatest cost, which never falls": {
		{"nobody costs nothing", logins(func(_ *broken, _ *accounts.Credentials, cost *int, found *bool) {
			if !*found {
				*cost = 0
			}
		})},
		{"somebody costs nothing", logins(func(_ *broken, _ *accounts.Credentials, cost *int, found *bool) {
			if *found {
				*cost = 0
			}
		})},
		{"nobody has somebody's hash", logins(func(_ *broken, c *accounts.Credentials, _ *int, found *bool) {
			if !*found {
				c.PasswordHash = hashOf("ann")
			}
		})},
		{"the last cost counts", func(b *broken) {
			b.raiseCost = func(ctx context.Context, cost int) error {
				b.sql(`update password_cost set greatest = ?`, cost)
				return nil
			}
		}},
		{"the cost is read first and written later", func(b *broken) {
			var mu sync.Mutex
			before := 0 // what the call before has read: this one read it too, before that one wrote
			b.raiseCost = func(ctx context.Context, cost int) error {
				mu.Lock()
				defer mu.Unlock()
				_, greatest, _, err := b.Store.CredentialsByName(ctx, "")
				if cost > before {
					b.sql(`update password_cost set greatest = ?`, cost)
				}
				before = greatest
				return err
			}
		}},
		{"a cost is an error for who comes late", func(b *broken) {
			b.raiseCost = func(ctx context.Context, cost int) error {
				if _, greatest, _, _ := b.Store.CredentialsByName(ctx, ""); greatest > cost {
					return errDefect
				}
				return b.Store.RaiseGreatestCost(ctx, cost)
			}
		}},
	},
}
