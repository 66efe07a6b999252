//go:build linux

package main

import "context"

// logouts is a load of clients that end one session after the other, by its refresh token. Between two turns the
// sessions come back to life, which nothing but a table can do for them.
func (s *stock) logouts(id, what string, clients int) *load {
	return &load{id: id, what: what, clients: clients, service: s.instance, rest: s.revive,
		open: func(ctx context.Context, n int) (func(context.Context) error, func(), error) {
			c, err := dial(ctx, s.instance.address)
			if err != nil {
				return nil, nil, err
			}
			mine, next := part(s.leaving, n, clients), 0
			request, hole := requestOf("/logout")
			return func(context.Context) error {
				if next == len(mine) {
					return errUsedUp
				}
				copy(hole, mine[next][:])
				next++
				_, err := c.want(204, request)
				return err
			}, c.close, nil
		}}
}

func (s *stock) revive(ctx context.Context) error { return s.table.revive(ctx) }
