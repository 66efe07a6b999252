package accounts

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxClientName = 128 // bytes
	maxWords      = 64  // scopes, or audiences, of one client
	// maxWordBytes bounds the scopes and the audiences of a client together, because a token may name them
	// all. Readers look at 8 KiB of a token, which leaves as much for an issuer and audiences of the service.
	maxWordBytes = 2 << 10
)

func (n *NewClient) validate() error {
	switch {
	case !validClientName(n.Name):
		return ErrClientNameInvalid
	case !validWords(n.Scopes, isScopeRune):
		return ErrScopesInvalid
	case !validWords(n.Audiences, isAudienceRune), len(strings.Join(n.Scopes, "")+strings.Join(n.Audiences, "")) > maxWordBytes:
		return ErrAudiencesInvalid
	}
	return nil
}

// validClientName wants what a terminal and a page show as it is.
func validClientName(name string) bool {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	return name != "" && len(name) <= maxClientName && utf8.ValidString(name) && !strings.ContainsFunc(name, unprintable) &&
		strings.TrimSpace(name) == name
}

// validWords wants a list that a single column keeps, and in which nothing stands twice.
func validWords(words []string, allowed func(rune) bool) bool {
	total, seen := 0, make(map[string]bool, len(words))
	for _, word := range words {
		total += len(word)
		if word == "" || seen[word] || !utf8.ValidString(word) || total > maxWordBytes || len(seen) == maxWords {
			return false
		}
		if strings.ContainsFunc(word, func(r rune) bool { return !allowed(r) }) {
			return false
		}
		seen[word] = true
	}
	return true
}

// isScopeRune says what RFC 6749 allows in a scope (section 3.3).
func isScopeRune(r rune) bool { return r > ' ' && r <= '~' && r != '"' && r != '\\' }

// isAudienceRune allows what is not a blank, and what JSON writes as it is, so that lengths here are lengths
// in the token.
func isAudienceRune(r rune) bool { return unicode.IsPrint(r) && r != ' ' && r != '"' && r != '\\' }
