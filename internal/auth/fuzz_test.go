package auth_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/authd/authd/internal/auth"
)

// FuzzIDs: an id that is taken is one of the two texts of it, and never the zero one, which means that
// there is none. A jti has one text.
func FuzzIDs(f *testing.F) {
	for _, text := range []string{
		"", "01890a5d-ac96-774b-bcce-b302099a8057", "01890A5D-AC96-774B-BCCE-B302099A8057", "AYkKXayWd0u8zrMCCZqAVw", "AYkKXayWd0u8zrMCCZqAVx",
		"AAAAAAAAAAAAAAAAAAAAAA", "00000000-0000-0000-0000-000000000000", "01890a5dac96774bbcceb302099a8057", "AYkKXayWd0u8zrMCCZqA\n\n",
		"01890a5d-ac96-774b-bcce-b302099a805g", "{1890a5d-ac96-774b-bcce-b302099a805}", "AAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAA\r\n", "-_-_-_-_-_-_-_-_",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		user, err := auth.ParseUserID(text)
		session, sessionErr := auth.ParseSessionID(text)
		client, clientErr := auth.ParseClientID(text)
		if (err == nil) != (sessionErr == nil) || (err == nil) != (clientErr == nil) || [16]byte(user) != [16]byte(session) || [16]byte(user) != [16]byte(client) {
			t.Errorf("%q is %v, %v to a user, %v, %v to a session and %v, %v to a client", text, user, err, session, sessionErr, client, clientErr)
		}
		if (err == nil) == user.IsZero() {
			t.Errorf("%q: got %v, %v", text, user, err)
		}
		if err == nil && strings.ToLower(text) != user.String() && text != base64.RawURLEncoding.EncodeToString(user[:]) {
			t.Errorf("%q is taken for %v", text, user)
		}
		if token, err := auth.ParseTokenID(text); err == nil && token.String() != text {
			t.Errorf("%q is taken for the token %v", text, token)
		}
	})
}
