package storetest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// readClients passes every client that is read by id through change.
func readClients(change func(*accounts.ClientCredentials, *bool)) func(*broken) {
	return func(b *broken) {
		b.clientByID = func(ctx context.Context, id auth.ClientID) (accounts.ClientCredentials, time.Time, bool, error) {
			c, clock, found, err := b.Store.ClientByID(ctx, id)
			change(&c, &found)
			return c, clock, found, err
		}
	}
}

// clientsListed passes pages of clients through change.
func clientsListed(change func(b *broken, list []accounts.Client, limit int) []accounts.Client) func(*broken) {
	return func(b *broken) {
		b.clients = func(ctx context.Context, after auth.ClientID, limit int) ([]accounts.Client, error) {
			list, err := b.Store.Clients(ctx, after, limit)
			return change(b, list, limit), err
		}
	}
}

// clientEnds does more after a client was raised or deleted.
func clientEnds(statement string) func(*broken) {
	return func(b *broken) {
		b.raiseClient = func(ctx context.Context, id auth.ClientID, mark uint64) (bool, error) {
			found, err := b.Store.RaiseClient(ctx, id, mark)
			b.sql(statement)
			return found, err
		}
		b.deleteClient = func(ctx context.Context, id auth.ClientID, mark uint64) (bool, error) {
			found, err := b.Store.DeleteClient(ctx, id, mark)
			b.sql(statement)
			return found, err
		}
	}
}

// quietly ends a client by a statement of its own, without a kill.
func quietly(deletion string) func(*broken) {
	return func(b *broken) {
		b.raiseClient = func(_ context.Context, id auth.ClientID, _ uint64) (bool, error) {
			b.sql(`update clients set epoch = epoch + 1 where client_id = ?`, id[:])
			return true, nil
		}
		b.deleteClient = func(_ context.Context, id auth.ClientID, _ uint64) (bool, error) {
			b.sql(deletion, id[:])
			return true, nil
		}
	}
}

// read first, written later: two who raise at once kill below one epoch.
func raiseInTwoSteps(b *broken) {
	b.raiseClient = func(ctx context.Context, id auth.ClientID, mark uint64) (bool, error) {
		c, _, found, err := b.Store.ClientByID(ctx, id)
		if err != nil || !found {
			return false, err
		}
		b.meanwhile(c.Epoch == 0)
		b.sql(`update clients set epoch = ? where client_id = ?`, int64(c.Epoch)+1, id[:])
		return true, b.Store.AddKills(ctx, []revocation.Kill{revocation.KillBelow(id, c.Epoch+1)}, mark)
	}
}

var clientDefects = map[string][]defect{
	"a client survives the round trip, created at the store's clock": {
		{"scopes are split at commas", readClients(func(c *accounts.ClientCredentials, _ *bool) {
			c.Scopes = strings.FieldsFunc(strings.Join(c.Scopes, " "), func(r rune) bool { return r == ' ' || r == ',' })
		})},
		{"audiences are sorted", readClients(func(c *accounts.ClientCredentials, _ *bool) {
			c.Audiences = slices.Sorted(slices.Values(c.Audiences))
		})},
		{"scopes and audiences are exchanged", readClients(func(c *accounts.ClientCredentials, _ *bool) {
			c.Scopes, c.Audiences = c.Audiences, c.Scopes
		})},
		{"no audiences are one empty one", readClients(func(c *accounts.ClientCredentials, _ *bool) {
			if len(c.Audiences) == 0 {
				c.Audiences = []string{""}
			}
		})},
		{"the hash is another's", readClients(func(c *accounts.ClientCredentials, _ *bool) { c.SecretHash[31]++ })},
		{"the epoch is forgotten", readClients(func(c *accounts.ClientCredentials, _ *bool) { c.Epoch = 0 })},
		{"names end at 127 bytes", readClients(func(c *accounts.ClientCredentials, _ *bool) { c.Name = c.Name[:min(127, len(c.Name))] })},
		{"times are in the local zone", readClients(func(c *accounts.ClientCredentials, _ *bool) {
			c.CreatedAt = c.CreatedAt.In(time.FixedZone("here", 3600))
		})},
		{"nobody is found", readClients(func(_ *accounts.ClientCredentials, found *bool) { *found = true })},
		{"the clock is the client's", func(b *broken) {
			b.clientByID = func(ctx context.Context, id auth.ClientID) (accounts.ClientCredentials, time.Time, bool, error) {
				c, _, found, err := b.Store.ClientByID(ctx, id)
				return c, c.CreatedAt, found, err
			}
		}},
		{"created when it was said", func(b *broken) {
			b.createClient = func(ctx context.Context, c accounts.ClientCredentials) (time.Time, error) {
				_, err := b.Store.CreateClient(ctx, c)
				b.sql(`update clients set created_at = ? where client_id = ?`, c.CreatedAt.UnixMicro(), c.ID[:])
				return c.CreatedAt, err
			}
		}},
	},
	"clients are listed by id, page by page": {
		{"the newest first", clientsListed(func(_ *broken, list []accounts.Client, _ int) []accounts.Client {
			slices.Reverse(list)
			return list
		})},
		{"one is left out", clientsListed(func(_ *broken, list []accounts.Client, _ int) []accounts.Client {
			if len(list) == 3 {
				return list[1:]
			}
			return list
		})},
		{"no limit is all", clientsListed(func(b *broken, list []accounts.Client, limit int) []accounts.Client {
			if limit < 1 {
				list, _ = b.Store.Clients(b.tb.Context(), auth.ClientID{}, 100)
			}
			return list
		})},
		{"every page is the first", func(b *broken) {
			b.clients = func(ctx context.Context, _ auth.ClientID, limit int) ([]accounts.Client, error) {
				return b.Store.Clients(ctx, auth.ClientID{}, limit)
			}
		}},
	},
	"a raise is one client's, and killed in the feed": {
		{"nobody hears of it", quietly(`delete from clients where client_id = ?`)},
		{"all are raised", clientEnds(`update clients set epoch = epoch + 1`)},
		{"the epoch stays", clientEnds(`update clients set epoch = 0`)},
		{"the kill is one too low", clientEnds(`update kills set value = value - 1`)},
		{"the kill is of a session", clientEnds(`update kills set kind = 'sid'`)},
		{"nobody's raise moves the head", clientEnds(`update feed_head set mark = mark + 1`)},
	},
	"B20: a deleted client is gone, and the kill outlives the row": {
		{"nobody hears of it", quietly(`delete from clients where client_id = ?`)},
		{"all are deleted", clientEnds(`delete from clients`)},
		{"it is raised and stays", func(b *broken) { b.deleteClient = b.raiseClient }},
		{"the kill goes with the row", clientEnds(`delete from kills; ` + headFollows)},
		{"the kill is of its own epoch", clientEnds(`update kills set value = value - 1`)},
	},
	"raises and deletions of clients at once lose none, and kill no epoch twice": {
		{"the epoch is read first and written later", raiseInTwoSteps},
		{"who is deleted was raised", func(b *broken) {
			b.raiseClient = func(ctx context.Context, id auth.ClientID, mark uint64) (bool, error) {
				_, err := b.Store.RaiseClient(ctx, id, mark)
				return true, err
			}
			b.deleteClient = func(ctx context.Context, id auth.ClientID, mark uint64) (bool, error) {
				found, err := b.Store.DeleteClient(ctx, id, mark)
				return found, err
			}
		}},
		{"a deletion leaves the row", func(b *broken) { b.deleteClient = b.raiseClient }},
	},
	"without a head no client ends, because nobody could hear of it": {
		{"it ends all the same", quietly(`delete from clients where client_id = ?`)},
		{"its epoch is raised all the same", func(b *broken) {
			b.raiseClient = func(ctx context.Context, id auth.ClientID, mark uint64) (bool, error) {
				found, err := b.Store.RaiseClient(ctx, id, mark)
				b.sql(`update clients set epoch = epoch + 1 where client_id = ?`, id[:])
				return found, err
			}
		}},
	},
}
