//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
)

// client is one connection that stays open. It shares the machine with what it measures, so it does as little as it
// can: it writes bytes that are ready and looks for the end of the answer. One goroutine owns it.
type client struct {
	conn net.Conn
	in   []byte // what was read of an answer
}

// dial opens a connection that fails when ctx is over its time, so that nobody waits for an answer which never comes. It is
// set once: each request would pay for a deadline of its own.
func dial(ctx context.Context, address string) (*client, error) {
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if end, limited := ctx.Deadline(); limited {
		if err := conn.SetDeadline(end); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return &client{conn: conn, in: make([]byte, 0, 16<<10)}, nil
}

func (c *client) close() { _ = c.conn.Close() }

var errNoLength = errors.New("an answer without Content-Length")

// do sends a request and returns the answer. The body is good until the next call.
func (c *client) do(request []byte) (status int, body []byte, err error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, nil, err
	}
	c.in = c.in[:0]
	for {
		n, err := c.conn.Read(c.in[len(c.in):cap(c.in)])
		if err != nil {
			return 0, nil, err
		}
		c.in = c.in[:len(c.in)+n]
		end := bytes.Index(c.in, []byte("\r\n\r\n"))
		if end < 0 {
			continue
		}
		status, length, err := head(c.in[:end])
		if err != nil {
			return 0, nil, err
		}
		if body := c.in[end+4:]; len(body) >= length {
			return status, body[:length], nil
		}
		if end+4+length > cap(c.in) {
			return 0, nil, fmt.Errorf("an answer of %d bytes", length)
		}
	}
}

// head reads the status and the length of the body.
func head(b []byte) (status, length int, err error) {
	if len(b) < len("HTTP/1.1 200") {
		return 0, 0, fmt.Errorf("what is %q?", b)
	}
	if status, err = strconv.Atoi(string(b[9:12])); err != nil || status == 204 || status == 304 {
		return status, 0, err
	}
	_, rest, found := bytes.Cut(b, []byte("\r\nContent-Length: "))
	if !found {
		return 0, 0, errNoLength
	}
	text, _, _ := bytes.Cut(rest, []byte("\r\n"))
	length, err = strconv.Atoi(string(text))
	return status, length, err
}

// want is do, and an error for any other status.
func (c *client) want(status int, request []byte) ([]byte, error) {
	got, body, err := c.do(request)
	if err == nil && got != status {
		err = fmt.Errorf("%.40q: got %d, want %d: %.300s", request, got, status, body)
	}
	return body, err
}

// post writes a request with a JSON body.
func post(path, body string) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: authd.test\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, len(body), body)
}

func get(path string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: authd.test\r\n\r\n", path)
}

// once asks on a connection of its own.
func once(address string, status int, request []byte) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := dial(ctx, address)
	if err != nil {
		return "", err
	}
	defer c.close()
	body, err := c.want(status, request)
	return string(body), err
}
