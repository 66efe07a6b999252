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

// idLength is that of an id that is made here: 132 bits in base64url.
const idLength = 22

// idBlocks draws many ids at once: asking the system for randomness for each would cost more than the
// rest of the id. Ids are no secrets, so what waits here may be seen. It is safe for concurrent use.
type idBlocks struct {
	random io.Reader

	mu   sync.Mutex // guards left
	left string     // ids that nobody has yet, one after the other
}

// next returns an id that nobody has, or fails.
func (s *idBlocks) next() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == "" {
		var block [1056]byte // the text of it is as long as 64 ids
		if _, err := io.ReadFull(s.random, block[:]); err != nil {
			return "", fmt.Errorf("make a request id: %w", err)
		}
		s.left = base64.RawURLEncoding.EncodeToString(block[:])
	}
	id := s.left[:idLength]
	s.left = s.left[idLength:]
	return id, nil
}

// requestID takes the id that the client or a proxy gave the request, so that one id follows it through
// a whole system, or makes one. A foreign id of another form could break a log's line or a terminal
// (F25), so it is replaced, not repaired. On error the id is a fixed word: the answer needs one.
func requestID(r *http.Request, made *idBlocks) (string, error) {
	if ids := r.Header["X-Request-Id"]; len(ids) == 1 && validRequestID(ids[0]) {
		return ids[0], nil
	}
	id, err := made.next()
	if err != nil {
		return "none", err
	}
	return id, nil
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
