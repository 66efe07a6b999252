package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
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

// lookups changes the name that is looked for.
func lookups(change func(name string) string) func(*broken) {
	return func(b *broken) {
		b.userByName = func(ctx context.Context, name string) (accounts.User, bool, error) {
			return b.Store.UserByName(ctx, change(name))
		}
		b.credentials = func(ctx context.Context, name string) (accounts.Credentials, int, bool, error) {
			return b.Store.CredentialsByName(ctx, change(name))
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

// pages changes a page of users.
func pages(list func(b *broken, ctx context.Context, after string, limit int) ([]accounts.User, error)) func(*broken) {
	return func(b *broken) {
		b.users = func(ctx context.Context, after string, limit int) ([]accounts.User, error) {
			return list(b, ctx, after, limit)
		}
	}
}

// nobodyElse reports a taken name as created.
var nobodyElse = creations(func(b *broken, ctx context.Context, u accounts.User, hash string) (time.Time, error) {
	at, err := b.Store.CreateUser(ctx, u, hash)
	if errors.Is(err, accounts.ErrUsernameTaken) {
		return time.Now().UTC(), nil
	}
	return at, err
})

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
	"a taken name is refused, and who had it first keeps it": {
		{"uniqueness lost: both are told yes", nobodyElse},
		{"who comes second takes over", creations(func(b *broken, ctx context.Context, u accounts.User, hash string) (time.Time, error) {
			at, err := b.Store.CreateUser(ctx, u, hash)
			if err != nil {
				b.sql(`update users set password_hash = ? where username = ?`, hash, u.Username)
			}
			return at, err
		})},
		{"uniqueness lost: two rows", creations(func(b *broken, ctx context.Context, u accounts.User, hash string) (time.Time, error) {
			at, err := b.Store.CreateUser(ctx, u, hash)
			if errors.Is(err, accounts.ErrUsernameTaken) {
				u.Username += "\u200b"
				_, _ = b.Store.CreateUser(ctx, u, hash)
			}
			return at, err
		})},
		{"a taken id is another error than a taken name", creations(func(b *broken, ctx context.Context, u accounts.User, hash string) (time.Time, error) {
			at, err := b.Store.CreateUser(ctx, u, hash)
			if _, there, _ := b.Store.UserByID(ctx, u.ID); there && err != nil {
				err = errDefect
			}
			return at, err
		})},
		{"a taken name is any other error", creations(func(b *broken, ctx context.Context, u accounts.User, hash string) (time.Time, error) {
			at, err := b.Store.CreateUser(ctx, u, hash)
			if err != nil {
				err = errDefect
			}
			return at, err
		})},
	},
	"of many who want one name at once, one gets it": {
		{"uniqueness lost: all are told yes", nobodyElse},
		{"the last one has it", creations(func(b *broken, ctx context.Context, u accounts.User, hash string) (time.Time, error) {
			at, err := b.Store.CreateUser(ctx, u, hash)
			if err != nil {
				b.sql(`update users set password_hash = ? where username = ?`, hash, u.Username)
			}
			return at, err
		})},
		{"losers of a race are told that the store is broken", creations(func(b *broken, ctx context.Context, u accounts.User, hash string) (time.Time, error) {
			at, err := b.Store.CreateUser(ctx, u, hash)
			if errors.Is(err, accounts.ErrUsernameTaken) {
				err = errDefect
			}
			return at, err
		})},
	},
	"names are equal only byte for byte": {
		{"case is folded", lookups(strings.ToLower)},
		{"blanks are trimmed", lookups(strings.TrimSpace)},
		{"names are patterns", func(b *broken) {
			b.userByName = func(ctx context.Context, name string) (accounts.User, bool, error) {
				row := b.raw.QueryRowContext(ctx, `select username from users where username like ? limit 1`, name)
				if row.Scan(&name) != nil {
					return accounts.User{}, false, nil
				}
				return b.Store.UserByName(ctx, name)
			}
		}},
		{"ligatures are letters", lookups(func(name string) string { return strings.ReplaceAll(name, "ﬁ", "fi") })},
		{"nobody's name is somebody's", lookups(func(name string) string {
			if name == "" {
				return "ann"
			}
			return name
		})},
	},
	"users are listed in the order of bytes, in pages without loss or repetition": {
		{"the last of a page comes again", pages(func(b *broken, ctx context.Context, after string, limit int) ([]accounts.User, error) {
			if after != "" && limit > 1 {
				after = after[:len(after)-1]
			}
			return b.Store.Users(ctx, after, limit)
		})},
		{"pages are too long", pages(func(b *broken, ctx context.Context, after string, limit int) ([]accounts.User, error) {
			return b.Store.Users(ctx, after, limit+1)
		})},
		{"case is folded in the order", pages(func(b *broken, ctx context.Context, after string, limit int) ([]accounts.User, error) {
			users, err := b.Store.Users(ctx, after, limit)
			slices.SortStableFunc(users, func(a, b accounts.User) int {
				return strings.Compare(strings.ToLower(a.Username), strings.ToLower(b.Username))
			})
			return users, err
		})},
		{"the list is of logins: without roles", pages(func(b *broken, ctx context.Context, after string, limit int) ([]accounts.User, error) {
			users, err := b.Store.Users(ctx, after, limit)
			for i := range users {
				users[i].Roles = nil
			}
			return users, err
		})},
		{"a disabled user's row colours the next one", pages(func(b *broken, ctx context.Context, after string, limit int) ([]accounts.User, error) {
			users, err := b.Store.Users(ctx, after, limit)
			for i := 1; i < len(users); i++ {
				if users[i].DisabledAt.IsZero() {
					users[i].DisabledAt = users[i-1].DisabledAt
				}
			}
			return users, err
		})},
		{"no limit is no end", pages(func(b *broken, ctx context.Context, after string, limit int) ([]accounts.User, error) {
			if limit == 0 {
				limit = 1000
			}
			return b.Store.Users(ctx, after, limit)
		})},
		{"a place must be somebody's name", pages(func(b *broken, ctx context.Context, after string, limit int) ([]accounts.User, error) {
			if _, found, _ := b.Store.UserByName(ctx, after); after != "" && !found {
				return nil, nil
			}
			return b.Store.Users(ctx, after, limit)
		})},
	},
}
