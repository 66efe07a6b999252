package storetest

import (
	"context"
	"slices"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// readings passes what is present through change.
func readings(change func(b *broken, wanted []accounts.Wanted, p *accounts.Present)) func(*broken) {
	return func(b *broken) {
		b.present = func(ctx context.Context, wanted []accounts.Wanted) (accounts.Present, error) {
			p, err := b.Store.Present(ctx, wanted)
			change(b, wanted, &p)
			return p, err
		}
	}
}

// newUsers changes how users are added.
func newUsers(add func(b *broken, ctx context.Context, users []accounts.Credentials, told []audit.Record) error) func(*broken) {
	return func(b *broken) {
		b.addUsers = func(ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
			return add(b, ctx, slices.Clone(users), slices.Clone(told))
		}
	}
}

// eachUser changes users before they are added.
func eachUser(change func(*accounts.Credentials)) func(*broken) {
	return newUsers(func(b *broken, ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
		for i := range users {
			change(&users[i])
		}
		return b.Store.AddUsers(ctx, users, told)
	})
}

// oneByOne adds users each in a transaction, and goes on where one is taken or stops.
func oneByOne(goOn bool) func(*broken) {
	return newUsers(func(b *broken, ctx context.Context, users []accounts.Credentials, told []audit.Record) (first error) {
		for i := range users {
			if err := b.Store.AddUsers(ctx, users[i:i+1], told[i:i+1]); err != nil {
				if first = err; !goOn {
					return err
				}
			}
		}
		return first
	})
}

// lists passes pages of credentials through change.
func lists(change func(after *string, limit *int), then func([]accounts.Credentials)) func(*broken) {
	return func(b *broken) {
		b.credentialsAfter = func(ctx context.Context, after string, limit int) ([]accounts.Credentials, error) {
			change(&after, &limit)
			page, err := b.Store.CredentialsAfter(ctx, after, limit)
			then(page)
			return page, err
		}
	}
}

func asAsked(*string, *int)                {}
func asFound([]accounts.Credentials)       {}
func dropUsers(p *accounts.Present, n int) { p.Users = p.Users[:min(n, len(p.Users))] }

var importDefects = map[string][]defect{
	"who is present is found by name and by id, once each, with the hash": {
		{"by id alone", readings(func(_ *broken, wanted []accounts.Wanted, p *accounts.Present) {
			p.Users = slices.DeleteFunc(p.Users, func(c accounts.Credentials) bool {
				return !slices.ContainsFunc(wanted, func(w accounts.Wanted) bool { return w.ID == c.ID })
			})
		})},
		{"by name alone", readings(func(_ *broken, wanted []accounts.Wanted, p *accounts.Present) {
			p.Users = slices.DeleteFunc(p.Users, func(c accounts.Credentials) bool {
				return !slices.ContainsFunc(wanted, func(w accounts.Wanted) bool { return w.Username == c.Username })
			})
		})},
		{"twice", readings(func(_ *broken, _ []accounts.Wanted, p *accounts.Present) { p.Users = append(p.Users, p.Users...) })},
		{"the first alone", readings(func(_ *broken, _ []accounts.Wanted, p *accounts.Present) { dropUsers(p, 1) })},
		{"without the hash", readings(func(_ *broken, _ []accounts.Wanted, p *accounts.Present) {
			for i := range p.Users {
				p.Users[i].PasswordHash = ""
			}
		})},
		{"everybody", readings(func(b *broken, _ []accounts.Wanted, p *accounts.Present) {
			p.Users, _ = b.Store.CredentialsAfter(b.tb.Context(), "", 100)
		})},
		{"at an older clock", readings(func(_ *broken, _ []accounts.Wanted, p *accounts.Present) { p.Clock = p.Clock.Add(-time.Minute) })},
	},
	"an id is present as a client's, and with the epoch below which the feed holds it dead": {
		{"clients are not looked at", readings(func(_ *broken, _ []accounts.Wanted, p *accounts.Present) { p.Clients = nil })},
		{"every client is told", readings(func(_ *broken, wanted []accounts.Wanted, p *accounts.Present) {
			p.Clients = nil
			for _, w := range wanted {
				p.Clients = append(p.Clients, w.ID)
			}
		})},
		{"the feed is not looked at", readings(func(_ *broken, _ []accounts.Wanted, p *accounts.Present) { p.Epochs = nil })},
		{"the first kill counts", readings(func(_ *broken, _ []accounts.Wanted, p *accounts.Present) {
			for id := range p.Epochs {
				p.Epochs[id] = min(p.Epochs[id], 2)
			}
		})},
		{"everybody has the greatest epoch", readings(func(_ *broken, wanted []accounts.Wanted, p *accounts.Present) {
			var most auth.Epoch
			for _, e := range p.Epochs {
				most = max(most, e)
			}
			for _, w := range wanted {
				p.Epochs[w.ID] = most
			}
		})},
	},
	"users are added as they are given, each with the record that tells of it": {
		{"at the store's clock", eachUser(func(c *accounts.Credentials) { c.CreatedAt = time.Now() })},
		{"enabled", eachUser(func(c *accounts.Credentials) { c.DisabledAt = time.Time{} })},
		{"without roles", eachUser(func(c *accounts.Credentials) { c.Roles = nil })},
		{"at epoch 0", eachUser(func(c *accounts.Credentials) { c.Epoch = 0 })},
		{"with everybody the hash of one", newUsers(func(b *broken, ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
			for i := range users {
				users[i].PasswordHash = users[0].PasswordHash
			}
			return b.Store.AddUsers(ctx, users, told)
		})},
		{"and nothing is told", newUsers(func(b *broken, ctx context.Context, users []accounts.Credentials, _ []audit.Record) error {
			return b.Store.AddUsers(ctx, users, nil)
		})},
		{"and it is told before they are there", newUsers(func(b *broken, ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
			_ = b.Store.AddRecords(ctx, told)
			return b.Store.AddUsers(ctx, users, nil)
		})},
	},
	"one name or id that is taken keeps everybody out, and every record": {
		{"the others come in", oneByOne(true)},
		{"those before come in", oneByOne(false)},
		{"it is told all the same", newUsers(func(b *broken, ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
			err := b.Store.AddUsers(ctx, users, told)
			_ = b.Store.AddRecords(ctx, told)
			return err
		})},
		{"who comes last has the name", newUsers(func(b *broken, ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
			for _, u := range users {
				b.sql(`update users set password_hash = ? where username = ? or user_id = ?`, u.PasswordHash, u.Username, u.ID[:])
			}
			return b.Store.AddUsers(ctx, users, told)
		})},
		{"and nobody is told", newUsers(func(b *broken, ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
			_ = b.Store.AddUsers(ctx, users, told)
			return nil
		})},
	},
	"of many who add the same users at once one does": {
		{"each adds whom it can", oneByOne(true)},
		{"everybody has added them", newUsers(func(b *broken, ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
			_ = b.Store.AddUsers(ctx, users, told)
			return nil
		})},
		{"the losers tell of it", newUsers(func(b *broken, ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
			_ = b.Store.AddRecords(ctx, told)
			return b.Store.AddUsers(ctx, users, nil)
		})},
	},
	"all credentials are listed by name, in pages without loss or repetition": {
		{"the limit is one more", lists(func(_ *string, limit *int) { *limit++ }, asFound)},
		{"a page begins with the last of the one before", lists(func(after *string, _ *int) {
			if *after != "" {
				*after = (*after)[:len(*after)-1]
			}
		}, asFound)},
		{"backwards", lists(asAsked, func(page []accounts.Credentials) { slices.Reverse(page) })},
		{"without hashes", lists(asAsked, func(page []accounts.Credentials) {
			for i := range page {
				page[i].PasswordHash = ""
			}
		})},
		{"as they were added", lists(asAsked, func(page []accounts.Credentials) {
			for i := range page {
				page[i].RowVersion = 1
			}
		})},
		{"a negative limit is none", lists(func(_ *string, limit *int) {
			if *limit < 0 {
				*limit = 100
			}
		}, asFound)},
	},
}
