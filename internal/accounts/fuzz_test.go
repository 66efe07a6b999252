package accounts

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/authd/authd/internal/tokens"
)

// FuzzMapUsername: what is mapped stays as it is when it is mapped again, or one name would have two
// owners (E14); it is text that can be shown on one line, and case makes no difference.
func FuzzMapUsername(f *testing.F) {
	for _, typed := range []string{
		"", "ada", "Ada.Lovelace@Example.Test", "ＡＤＡ", "straße", "Σίσυφος", "ΣΊΣΥΦΟΣ", "İstanbul", "ǅ", "e\u0301", "\u1e9e", "ﬁ", "a b", "a\x00", "\xff", "a\u200db",
		"\u0130\u0307", "ﾊﾝｶｸ", "\u0345", "א1", strings.Repeat("a", 128), strings.Repeat("a", 129), strings.Repeat("ß", 64), "\ufb03@x", "ϒ", "\u03b0", "Å",
	} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		name, err := MapUsername(typed)
		if err != nil {
			if err != ErrUsernameInvalid || name != "" {
				t.Errorf("%+q: got %q, %v", typed, name, err)
			}
			return
		}
		if name == "" || len(name) > maxUsername || !utf8.ValidString(name) || !norm.NFC.IsNormalString(name) {
			t.Errorf("%+q is mapped to %+q", typed, name)
		}
		if at := strings.IndexFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }); at >= 0 {
			t.Errorf("%+q is mapped to %+q, which has a blank or a control character", typed, name)
		}
		if again, err := MapUsername(name); again != name || err != nil {
			t.Errorf("%+q is mapped to %+q, and that to %+q, %v", typed, name, again, err)
		}
	})
}

// FuzzResetToken: a reset token has one text.
func FuzzResetToken(f *testing.F) {
	token := resetToken{id: tokens.ResetID{1}, secret: [32]byte{2}}
	f.Add(token.text().Reveal())
	f.Add("apr_")
	f.Add("apr_" + strings.Repeat("A", 64))
	f.Add("apr_" + strings.Repeat("A", 60) + "\r\n\r\n")
	f.Add("art_" + strings.Repeat("-", 64))
	f.Fuzz(func(t *testing.T, text string) {
		token, ok := parseResetToken(text)
		if ok != (token != resetToken{}) && text != "apr_"+strings.Repeat("A", 64) {
			t.Errorf("%q: got %v, %t", text, token, ok)
		}
		if ok && token.text().Reveal() != text {
			t.Errorf("%q and %q are both texts of one token", text, token.text().Reveal())
		}
	})
}

// FuzzClientSecret: a client's secret has one text, and its id the one that tokens have.
func FuzzClientSecret(f *testing.F) {
	for _, text := range []string{
		"", "acs_", "acs_" + strings.Repeat("A", 43), "acs_" + strings.Repeat("A", 42) + "B", "acs_" + strings.Repeat("A", 41) + "\r\n",
		"01890a5d-ac96-774b-bcce-b302099a8057", "01890A5D-AC96-774B-BCCE-B302099A8057", "AYkKXayWd0u8zrMCCZqAVw", "authd",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if secret, ok := parseClientSecret(text); ok && textOfSecret(secret).Reveal() != text {
			t.Errorf("%q and %q are both texts of one secret", text, textOfSecret(secret).Reveal())
		}
		if id, ok := parseClientID(text); ok && id.String() != text || ok == id.IsZero() {
			t.Errorf("%q: got the client %v, %t", text, id, ok)
		}
	})
}
