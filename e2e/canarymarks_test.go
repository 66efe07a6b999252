//go:build unix

package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf16"
)

// A mark is a secret that was given to authd or came from it, and must show nowhere else.
type mark struct{ kind, text string }

// Kinds of marks.
const (
	aPassword     = "password"
	anAccessToken = "access token"
	aRefreshToken = "refresh token"
	aResetToken   = "reset token"
	aClientSecret = "client secret"
	anAdminToken  = "admin token"
	aMasterKey    = "master key"
	aDatabaseWord = "database password"
	aSealedSecret = "key or pepper, opened"
)

// secrets are the parts of a mark that nobody may know, as text and, where the text stands for bytes, as
// those: session ids and claims are in tokens too, and in logs by right.
func (m mark) secrets() (all [][]byte) {
	raw := func(text string, from int) []byte {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return nil // a token that nobody gave out
		}
		return b[min(from, len(b)):]
	}
	switch m.kind {
	case anAccessToken: // its signature
		signature := m.text[strings.LastIndexByte(m.text, '.')+1:]
		return [][]byte{[]byte(signature), raw(signature, 0)}
	case aRefreshToken: // behind version, session and generation
		return [][]byte{[]byte(m.text[4+28:]), raw(m.text[4:], 1+16+4)}
	case aResetToken: // behind its id
		return [][]byte{[]byte(m.text[4+22:]), raw(m.text[4:], 16)}
	case aClientSecret:
		return [][]byte{[]byte(m.text[4:]), raw(m.text[4:], 0)}
	case aMasterKey:
		key, _ := base64.StdEncoding.DecodeString(m.text)
		return [][]byte{[]byte(m.text), key}
	}
	return [][]byte{[]byte(m.text)}
}

// window is as much of a secret as is compared at once.
const window = 12

// marks finds secrets by any window of any form of them. Windows of one form lie side by side, so whoever
// leaks 23 characters of a form in a row is found.
type marks struct {
	kinds   []string // of the marks, by number
	windows map[[window]byte]int
	begin   []bool // :: first three bytes of a window → there is one; nearly all of a text is passed over by it
}

func newMarks() *marks {
	return &marks{windows: make(map[[window]byte]int), begin: make([]bool, 1<<24)}
}

func beginning(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

func (m *marks) add(all ...mark) {
	for _, one := range all {
		number := len(m.kinds)
		m.kinds = append(m.kinds, one.kind)
		for _, secret := range one.secrets() {
			for _, form := range forms(secret) {
				for at := 0; at+window <= len(form); at += window {
					m.windows[[window]byte(form[at:])] = number
					m.begin[beginning(form[at:])] = true
				}
			}
		}
	}
}

// forms are the ways in which bytes find their way into a file.
func forms(b []byte) (all [][]byte) {
	all = append(all, b, []byte(hex.EncodeToString(b)), []byte(strings.ToUpper(hex.EncodeToString(b))),
		[]byte(url.QueryEscape(string(b))), wide(b), []byte(fmt.Sprintf("%q", b)))
	for shift := range 3 { // base64 takes three bytes at a time, wherever the secret begins
		if shift >= len(b) {
			break
		}
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			all = append(all, []byte(encoding.EncodeToString(b[shift:])))
		}
	}
	return all
}

// wide is UTF-16, as Windows and some logs have it.
func wide(b []byte) (text []byte) {
	for _, unit := range utf16.Encode([]rune(string(b))) {
		text = append(text, byte(unit), byte(unit>>8))
	}
	return text
}

// hit is a secret in a place where it does not belong.
type hit struct{ kind, where, around string }

func (h hit) String() string { return fmt.Sprintf("a %s in %s: …%s…", h.kind, h.where, h.around) }

// find looks for all marks in a text, and tells of one of each kind.
func (m *marks) find(where string, text []byte) (hits []hit) {
	seen := make(map[string]bool)
	for at := 0; at+window <= len(text); at++ {
		if !m.begin[beginning(text[at:])] {
			continue
		}
		number, found := m.windows[[window]byte(text[at:])]
		if kind := ""; found {
			if kind = m.kinds[number]; seen[kind] {
				continue
			}
			seen[kind] = true
			around := bytes.ToValidUTF8(text[max(0, at-120):min(len(text), at+60)], []byte("?"))
			hits = append(hits, hit{kind, where, string(around)})
		}
	}
	return hits
}
