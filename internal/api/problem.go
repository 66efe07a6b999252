package api

import (
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	mediaJSON    = "application/json"
	mediaProblem = "application/problem+json"

	// aboutBlank is the type that says no more than the status does (RFC 9457, section 4.2.1). The
	// word to branch on is code: a word is easier to compare than an address that nobody visits.
	aboutBlank = "about:blank"

	// maxPointer is the longest pointer shown. Names of ours are far shorter; a longer one is a
	// stranger's, and need not be sent back.
	maxPointer = 128
)

// problem is the body of every error (RFC 9457).
type problem struct {
	Type             string   `json:"type"`
	Title            string   `json:"title"`
	Status           int      `json:"status"`
	Detail           string   `json:"detail"`
	Code             string   `json:"code"`
	RequestID        string   `json:"request_id"`
	Pointer          string   `json:"pointer,omitempty"`
	Reasons          []string `json:"reasons,omitempty"`
	Error            string   `json:"error,omitempty"`
	ErrorDescription string   `json:"error_description,omitempty"`
}

// encode cannot fail: the members are text, and text that is not UTF-8 is let through as U+FFFD.
func (p problem) encode() []byte {
	body, err := json.Marshal(p, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(err)
	}
	return body
}

// showable returns pointer if it may be sent back, else nothing.
func showable(pointer string) string {
	if len(pointer) > maxPointer || !utf8.ValidString(pointer) {
		return ""
	}
	return pointer
}

// quotable keeps the characters that an error_description may have (RFC 6749, section 5.2), which are
// also those that a quoted string in a header needs no escape for.
func quotable(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return -1
		}
		return c
	}, text)
}
