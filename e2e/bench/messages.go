//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"time"
)

// messages counts what one request costs in messages to PostgreSQL, each of which has to be waited for. It is counted on
// the wire, in turns that are not timed because the one who counts takes part of them.
func (b *bench) messages(ctx context.Context) (each map[string]float64, err error) {
	wire, err := openWire(b.database.URL())
	if err != nil {
		return nil, err
	}
	defer wire.listener.Close()
	counted := *b.es256
	through, err := wire.url(b.es256.settings[0][len("AUTHD_DATABASE_URL="):])
	if err != nil {
		return nil, err
	}
	if counted.instance, err = b.serve(ctx, onPostgres(through)...); err != nil {
		return nil, err
	}
	defer b.end(counted.instance)
	each = map[string]float64{}
	idle := wire.perSecond(ctx, time.Second)
	for _, l := range []*load{
		counted.refreshes("refresh-es256", "", many), counted.logouts("logout", "", many), counted.logins("login", "", few),
	} {
		before := wire.synced.Load()
		t, err := b.take(ctx, l, 2*time.Second)
		if err != nil {
			return nil, err
		}
		each[l.id] = t.each(float64(wire.synced.Load()-before) - idle*t.took.Seconds())
	}
	return each, nil
}

// wire passes bytes on to PostgreSQL and counts the messages after which a client waits.
type wire struct {
	listener net.Listener
	server   string
	synced   atomic.Int64
}

func openWire(database string) (*wire, error) {
	u, err := url.Parse(database)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{listener: l, server: u.Host}
	go w.accept()
	return w, nil
}

// url is that of a database, by way of the wire.
func (w *wire) url(database string) (string, error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", err
	}
	u.Host = w.listener.Addr().String()
	return u.String(), nil
}

// perSecond counts for a while.
func (w *wire) perSecond(ctx context.Context, long time.Duration) float64 {
	before := w.synced.Load()
	_ = pause(ctx, long) // whoever is cut short is told so by the next one
	return float64(w.synced.Load()-before) / long.Seconds()
}

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			server, err := net.Dial("tcp", w.server)
			if err != nil {
				return
			}
			defer server.Close()
			go func() { _, _ = io.Copy(client, server); client.Close() }()
			_, _ = io.Copy(server, io.TeeReader(client, &frontend{synced: &w.synced}))
		}()
	}
}

// frontend follows what a client sends: a first message without a type, then type, length and content.
// https://www.postgresql.org/docs/15/protocol-message-formats.html
type frontend struct {
	synced *atomic.Int64
	header []byte // of the message that begins
	rest   int    // of the content of the one before
	past   bool   // the first message
}

// Write counts Sync and Query.
func (f *frontend) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if skip := min(f.rest, len(b)); skip > 0 {
			f.rest, b = f.rest-skip, b[skip:]
			continue
		}
		f.header, b = append(f.header, b[0]), b[1:]
		switch {
		case !f.past && len(f.header) == 4:
			f.rest, f.past, f.header = int(binary.BigEndian.Uint32(f.header))-4, true, f.header[:0]
		case f.past && len(f.header) == 5:
			if f.header[0] == 'S' || f.header[0] == 'Q' {
				f.synced.Add(1)
			}
			f.rest, f.header = int(binary.BigEndian.Uint32(f.header[1:]))-4, f.header[:0]
		}
	}
	return n, nil
}
