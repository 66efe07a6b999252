package password

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
)

// The limits are in characters of the normalised password.
const (
	// MinLength is the least that a policy may ask for; the list of common passwords starts there.
	MinLength = 8
	// MaxLength leaves room for any passphrase. No password that is accepted is ever cut.
	MaxLength = 256
)

// minUsername is where contains_username begins: a rule over shorter names would refuse passwords
// for letters that stand in them by chance.
const minUsername = 4

// The reasons for refusing a password. They are stable words: clients match them.
const (
	ReasonInvalidUTF8      = "invalid_utf8"
	ReasonControlCharacter = "control_character"
	ReasonTooShort         = "too_short"
	ReasonTooLong          = "too_long"
	ReasonCommon           = "common"
	ReasonContainsUsername = "contains_username"
)

// Policy says which new passwords are good enough. It is not asked at login: a rule that got stricter
// must not lock anybody out. There are no rules about kinds of characters, because they make
// passwords worse (NIST SP 800-63B-4, section 3.1.1.2).
type Policy struct {
	// MinLength is the least number of characters. Anything below the constant MinLength, zero
	// included, means that constant.
	MinLength int
}

// Check normalises raw and returns every reason to refuse it as the password of username, which is
// given as mapped; the password is fine if there is none. Text that cannot be normalised has that as
// its one reason.
func (p Policy) Check(raw, username string) (normalised string, reasons []string) {
	normalised, err := Normalize(raw)
	switch {
	case errors.Is(err, ErrInvalidUTF8):
		return "", []string{ReasonInvalidUTF8}
	case err != nil:
		return "", []string{ReasonControlCharacter}
	}
	length := utf8.RuneCountInString(normalised)
	if length < max(p.MinLength, MinLength) {
		reasons = append(reasons, ReasonTooShort)
	}
	if length > MaxLength {
		reasons = append(reasons, ReasonTooLong)
	}
	folded := cases.Fold().String(normalised)
	if isCommon(folded) {
		reasons = append(reasons, ReasonCommon)
	}
	if utf8.RuneCountInString(username) >= minUsername && strings.Contains(folded, cases.Fold().String(username)) {
		reasons = append(reasons, ReasonContainsUsername)
	}
	return normalised, reasons
}
