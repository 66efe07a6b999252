package main

import (
	"bytes"
	"net/http"
	"sync"
)

// maxLines is how many header fields a request may have (F10). Browsers and gateways send some forty.
const maxLines = 100

// framing watches what comes over one connection, and finds the header sections in it as they were sent.
//
// net/http repairs what RFC 9112 lets a server repair: lines that are folded or end in LF alone, a length
// that is there twice, a length beside chunks. A proxy in front may repair it in another way, or look
// past it. The two then see a request end in two places, and what is a body to the one is a request to
// the other (F13). What was repaired is therefore not served; net/http keeps it to itself, and the bytes
// do not.
type framing struct {
	mu     sync.Mutex // guards all: net/http reads ahead while a request is served
	at     part
	header section
	behind []byte // came behind a header whose request was not handed over yet
	left   int64  // bytes of the body that are to come
}

// part is where in a request the next byte belongs.
type part int

const (
	inHeader     part = iota
	behindHeader      // how long the body is, net/http has yet to say
	inBody
	atTheEnd // no more requests are read
)

// read takes what was read.
func (f *framing) read(b []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.take(b)
}

func (f *framing) take(b []byte) {
	for len(b) > 0 {
		switch f.at {
		case inHeader:
			n, ended := f.header.take(b)
			b = b[n:]
			if ended {
				f.at = behindHeader
			}
		case behindHeader:
			f.behind = append(f.behind, b...) // net/http reads 4 KiB ahead, and no more
			return
		case inBody:
			n := min(f.left, int64(len(b)))
			b = b[n:]
			if f.left -= n; f.left == 0 {
				f.at = inHeader
			}
		case atTheEnd:
			return
		}
	}
}

// handedOver is called for each request, before anything is done for it, and says what is wrong with its
// header: a status, or 0. A request that is the last of its connection has no length that matters.
func (f *framing) handedOver(r *http.Request, last bool) (status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.at != behindHeader {
		return http.StatusBadRequest // net/http saw a header end where there is none
	}
	status = f.header.fault(r)
	behind := f.behind
	f.header, f.behind = section{}, nil
	switch {
	case last || status != 0 || r.ContentLength < 0:
		f.at = atTheEnd
	case r.ContentLength == 0:
		f.at = inHeader
	default:
		f.at, f.left = inBody, r.ContentLength
	}
	f.take(behind)
	return status
}

const (
	nameOfLength = "content-length:"
	nameOfCoding = "transfer-encoding:"
)

// section is what was seen of one header section, the request line included.
type section struct {
	lines    int  // that have ended
	repaired bool // a line is folded, or ends in LF alone
	lengths  int  // fields that say how long the body is
	codings  int  // fields that say how it is cut

	// Of the line that is being read:
	begin  [len(nameOfCoding)]byte
	length int
	last   byte
}

// take reads up to the end of the section.
func (s *section) take(b []byte) (n int, ended bool) {
	for n < len(b) {
		end := bytes.IndexByte(b[n:], '\n')
		if end < 0 {
			s.extend(b[n:])
			return len(b), false
		}
		s.extend(b[n : n+end])
		n += end + 1
		if s.endLine() {
			return n, true
		}
	}
	return n, false
}

func (s *section) extend(b []byte) {
	if len(b) == 0 {
		return
	}
	if s.length < len(s.begin) {
		copy(s.begin[s.length:], b)
	}
	s.length += len(b)
	s.last = b[len(b)-1]
}

// endLine takes the line in, and reports whether it is the empty one that ends the section.
func (s *section) endLine() bool {
	begin, length := s.begin[:min(s.length, len(s.begin))], s.length
	if length > 0 && s.last == '\r' {
		length--
	} else {
		s.repaired = true
	}
	s.length = 0
	if length == 0 {
		return true
	}
	s.lines++
	switch begin[0] {
	case ' ', '\t':
		s.repaired = true
	case 'c', 'C':
		if isField(begin, nameOfLength) {
			s.lengths++
		}
	case 't', 'T':
		if isField(begin, nameOfCoding) {
			s.codings++
		}
	}
	return false
}

func isField(line []byte, name string) bool {
	return len(line) >= len(name) && bytes.EqualFold(line[:len(name)], []byte(name))
}

// fault says what is wrong with a whole section. HTTP/1.0 has no chunks: who sends them there means
// another end of the body than net/http, which passes over them (RFC 9112, section 6.1).
func (s *section) fault(r *http.Request) (status int) {
	switch {
	case s.repaired, s.lengths+s.codings > 1, s.codings > 0 && !r.ProtoAtLeast(1, 1):
		return http.StatusBadRequest
	case s.lines > 1+maxLines:
		return http.StatusRequestHeaderFieldsTooLarge
	}
	return 0
}
