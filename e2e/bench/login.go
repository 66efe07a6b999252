//go:build linux

package main

import (
	"context"
	"fmt"

	"golang.org/x/crypto/bcrypt"
)

// visitors are users who sign in. They share a password, and so a hash, which was made once.
const visitors = 256

// invite registers one user by the wire and gives the hash to others.
func (s *stock) invite(ctx context.Context) error {
	if s.invited {
		return nil
	}
	if _, err := once(s.instance.address, 201, post("/register", credentials(0))); err != nil {
		return err
	}
	t := s.table.(*postgresTable)
	s.invited = true
	_, err := t.pool.Exec(ctx, `
insert into users (user_id, username, password_hash, epoch, roles, created_at, row_version)
select gen_random_uuid(), 'visitor-' || i, u.password_hash, u.epoch, u.roles, u.created_at, u.row_version
  from users u, generate_series(1, $1::int - 1) i
 where u.username = 'visitor-0'`, visitors)
	return err
}

func credentials(visitor int) string {
	return fmt.Sprintf(`{"username":"visitor-%d","password":"%s"}`, visitor, password)
}

// logins is a load of clients of whom each signs in as one of its users after the other.
func (s *stock) logins(id, what string, clients int) *load {
	return &load{id: id, what: what, clients: clients, service: s.instance,
		open: func(ctx context.Context, n int) (func(context.Context) error, func(), error) {
			c, err := dial(ctx, s.instance.address)
			next := n
			return func(context.Context) error {
				next = (next + clients) % visitors
				_, err := c.want(200, post("/login", credentials(next)))
				return err
			}, c.close, err
		}}
}

// ceiling is the yardstick of logins: what the cores can compare when they do nothing else.
func ceiling(cores int) *load {
	return &load{id: "bcrypt", what: "yardstick: bcrypt alone, one goroutine a core", clients: cores,
		open: func(context.Context, int) (func(context.Context) error, func(), error) {
			hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
			return func(context.Context) error { return bcrypt.CompareHashAndPassword(hash, []byte(password)) }, func() {}, err
		}}
}
