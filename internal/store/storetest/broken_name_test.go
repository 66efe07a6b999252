package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/authd/authd/internal/accounts"
)

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

var nameDefects = map[string][]defect{
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
			if limit <= 0 {
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
