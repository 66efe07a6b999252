package api

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// maxRequestID bounds what a client may write into the log.
const maxRequestID = 64

// idBlocks reads randomness for many ids at once: asking the system for each would cost more than the
// rest of the id. Ids are no secrets, so what waits here may be seen. It is safe for concurrent use.
type idBlocks struct {
	random io.Reader

	mu    sync.Mutex // guards what follows
	left  []byte     // of block
	block [512]byte
}

// Read fills b, which is short, or fails.
func (s *idBlocks) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.left) < len(b) {
		if _, err := io.ReadFull(s.random, s.block[:]); err != nil {
			return 0, err
		}
		s.left = s.block[:]
	}
	n := copy(b, s.left)
	s.left = s.left[n:]
	return n, nil
}

// requestID takes the id that the client or a proxy gave the request, so that one id follows it through
// a whole system, or makes one. A foreign id of another form could break a log's line or a terminal
// (F25), so it is replaced, not repaired. On error the id is a fixed word: the answer needs one.
func requestID(r *http.Request, random io.Reader) (string, error) {
	if ids := r.Header["X-Request-Id"]; len(ids) == 1 && validRequestID(ids[0]) {
		return ids[0], nil
	}
	var buffer [22 + 16]byte // the text, and what it is the text of
	text, id := buffer[:22], buffer[22:]
	if _, err := io.ReadFull(random, id); err != nil {
		return "none", fmt.Errorf("make a request id: %w", err)
	}
	base64.RawURLEncoding.Encode(text, id)
	return string(text), nil
}

func validRequestID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for _, c := range []byte(id) {
		if !isLetterOrDigit(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return !looksSecret(id)
}

func isLetterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
