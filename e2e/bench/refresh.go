//go:build linux

package main

import (
	"bytes"
	"context"
	"math/rand/v2"
)

// requestOf is a request whose body has one member, a refresh token, to be filled in.
func requestOf(path string) (request, hole []byte) {
	before, after := `{"refresh_token":"`, `"}`
	request = post(path, before+string(make([]byte, tokenBytes))+after)
	at := len(request) - len(after) - tokenBytes
	return request, request[at : at+tokenBytes]
}

// refreshes is a load of clients that each refresh one of their sessions, at random.
func (s *stock) refreshes(id, what string, clients int) *load {
	return &load{id: id, what: what, clients: clients, service: s.instance,
		open: func(ctx context.Context, n int) (func(context.Context) error, func(), error) {
			c, err := dial(ctx, s.instance.address)
			if err != nil {
				return nil, nil, err
			}
			mine, random := part(s.staying, n, clients), rand.New(rand.NewPCG(uint64(n), rand.Uint64()))
			request, hole := requestOf("/refresh")
			return func(context.Context) error {
				held := &mine[random.IntN(len(mine))]
				copy(hole, held[:])
				body, err := c.want(200, request)
				if err != nil {
					return err
				}
				next, err := memberOf(body, "refresh_token")
				copy(held[:], next)
				return err
			}, c.close, nil
		}}
}

// memberOf finds the text of a member that has no escapes in it.
func memberOf(body []byte, name string) ([]byte, error) {
	_, rest, found := bytes.Cut(body, []byte(`"`+name+`":"`))
	text, _, ends := bytes.Cut(rest, []byte{'"'})
	if !found || !ends {
		return nil, errNoPair
	}
	return text, nil
}
