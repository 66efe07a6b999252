package accounts_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/authd/authd/internal/accounts"
)

// E22: what PRECIS folds together is one name. What only looks alike is not folded: two names, of two
// users, and neither signs in as the other.
func TestE22NamesThatFoldAreOneAndOthersAreNot(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"Ann@Example.COM":          "ann@example.com",
		"\uff41\uff4e\uff4e":       "ann",                      // full width
		"ANI\u0307":                "ani\u0307",                // a dot above stays
		"re\u0301ne\u0301e":        "rénée",                    // decomposed
		"RE\u0301NE\u0301E":        "rénée",                    // and in capitals
		"stra\u00dfe":              "straße",                   // sharp s is not two letters
		"STRA\u1e9eE":              "straße",                   // nor is its capital
		"strasse":                  "strasse",                  //
		"\u0131smail":              "ısmail",                   // the Turkish i without a dot is a letter of its own
		"ISMAIL":                   "ismail",                   // and a capital I is not its capital here
		"\u0410nn":                 "\u0430nn",                 // Cyrillic, not Latin
		"\u039f\u0394\u039f\u03a3": "\u03bf\u03b4\u03bf\u03c3", // each letter by itself: a last sigma has no form of its own
	} {
		got, err := accounts.MapUsername(typed)
		if got != want || err != nil {
			t.Errorf("%+q: got %+q, %v; want %+q", typed, got, err, want)
		}
		if again, err := accounts.MapUsername(got); again != got || err != nil {
			t.Errorf("%+q: mapped again %+q, %v", typed, again, err)
		}
	}
	for name, typed := range map[string]string{
		"a space": "ann lee", "nothing": "", "a ligature": "\ufb01nn", "a superscript": "ann\u00b2", "a blank that shows nothing": "an\u200bn",
		"an order to write backwards": "ann\u202egro", "NUL": "ann\x00", "no text": "ann\xff", "129 bytes": strings.Repeat("n", 129),
	} {
		if got, err := accounts.MapUsername(typed); !errors.Is(err, accounts.ErrUsernameInvalid) {
			t.Errorf("%s: got %+q, %v", name, got, err)
		}
	}
}
