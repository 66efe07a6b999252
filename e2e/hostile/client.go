//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// answerTime is longer than authd takes for any answer, and far from the two minutes after which it closes a
// connection on which nothing comes.
const answerTime = 40 * time.Second

// answer is what came back, whole.
type answer struct {
	status int
	header http.Header
	body   []byte
	closes bool // the connection ends with it
}

// conn is one connection, made when it is needed. One goroutine owns it.
type conn struct {
	from, to string // addresses; no port is chosen to come from
	open     net.Conn
	in       *bufio.Reader
}

var (
	errSurplus = errors.New("there are bytes after the answer that nobody asked for")
	errCut     = errors.New("the connection ended without an answer")
)

func (c *conn) dial() error {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(c.from)}, Timeout: answerTime}
	open, err := d.Dial("tcp", c.to)
	if err != nil {
		return err
	}
	c.open, c.in = open, bufio.NewReaderSize(open, 8<<10)
	return nil
}

func (c *conn) close() {
	if c.open != nil {
		_ = c.open.Close()
		c.open = nil
	}
}

// send asks and reads the answers: one, or for raw bytes all that come until the connection ends.
func (c *conn) send(r *request) ([]answer, error) {
	if r.raw != nil {
		c.close() // bytes that are no HTTP have a connection of their own
		defer c.close()
		return c.sendRaw(r)
	}
	used := c.open != nil
	if used && c.in.Buffered() > 0 {
		c.close()
		return nil, errSurplus
	}
	a, err := c.exchange(r)
	if errors.Is(err, errCut) && used && !r.long() { // authd may have ended it after the answer before
		a, err = c.exchange(r)
	}
	if err != nil || a.closes {
		c.close()
	}
	if err != nil {
		return nil, err
	}
	return []answer{a}, nil
}

func (c *conn) exchange(r *request) (answer, error) {
	if c.open == nil {
		if err := c.dial(); err != nil {
			return answer{}, err
		}
	}
	if err := c.open.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return answer{}, err
	}
	// Who is refused early is not read to the end: that writing fails says nothing yet.
	_, _ = c.open.Write(r.bytes())
	if _, err := c.in.Peek(1); err != nil {
		c.close()
		return answer{}, fmt.Errorf("%w: %w", errCut, err)
	}
	for {
		a, err := readAnswer(c.in, r.method)
		switch {
		case errors.Is(err, syscall.ECONNRESET):
			return a, fmt.Errorf("%w: %w", errCut, err)
		case err != nil || a.status != http.StatusContinue:
			return a, err
		}
	}
}

// sendRaw ends its side, so that authd ends the other when it has said everything.
func (c *conn) sendRaw(r *request) (all []answer, err error) {
	if err := c.dial(); err != nil {
		return nil, err
	}
	_ = c.open.SetDeadline(time.Now().Add(answerTime))
	_, _ = c.open.Write(r.raw)
	_ = c.open.(*net.TCPConn).CloseWrite()
	for {
		if _, err := c.in.Peek(1); err != nil {
			var late net.Error
			if errors.As(err, &late) && late.Timeout() {
				return all, fmt.Errorf("the connection does not end: %w", err)
			}
			return all, nil
		}
		a, err := readAnswer(c.in, "GET")
		if errors.Is(err, syscall.ECONNRESET) { // what was sent after the refused part was never read
			return all, nil
		}
		if err != nil {
			return all, err
		}
		if a.status != http.StatusContinue {
			all = append(all, a)
		}
	}
}

func readAnswer(in *bufio.Reader, method string) (answer, error) {
	response, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		return answer{}, fmt.Errorf("read the answer: %w", err)
	}
	defer response.Body.Close()
	const most = 4 << 20
	var body bytes.Buffer
	if _, err := body.ReadFrom(io.LimitReader(response.Body, most)); err != nil {
		return answer{}, fmt.Errorf("read the body: %w", err)
	}
	return answer{response.StatusCode, response.Header, body.Bytes(), response.Close}, nil
}
