package password

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

var (
	// ErrInvalidUTF8 is returned for bytes that are no text. Replacing them by U+FFFD, as decoders
	// like to do, would make one password of two.
	ErrInvalidUTF8 = errors.New("password: not valid UTF-8")
	// ErrControlCharacter is returned for characters of category Cc. No keyboard types them, and NUL
	// ends the key of bcrypt's C implementations.
	ErrControlCharacter = errors.New("password: holds a control character")
)

// Normalize returns the form of a password that is measured and hashed: every space is U+0020 and the
// text is in NFC, since keyboards differ in the space they type and in whether an accented letter is
// one character or two.
//
// These are the mappings of RFC 8265, section 4.2 (OpaqueString), and nothing else is changed: case,
// width and blanks at either end are part of the password, and NFKC would merge ones that their
// owners tell apart. Unlike OpaqueString it passes characters that our tables of Unicode do not know
// yet, so that a new emoji does not depend on the age of the server. Normalizing twice changes
// nothing.
func Normalize(raw string) (string, error) {
	if !utf8.ValidString(raw) {
		return "", ErrInvalidUTF8
	}
	if strings.ContainsFunc(raw, unicode.IsControl) {
		return "", ErrControlCharacter
	}
	return norm.NFC.String(strings.Map(plainSpace, raw)), nil
}

func plainSpace(r rune) rune {
	if unicode.Is(unicode.Zs, r) {
		return ' '
	}
	return r
}
