package tokens

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/authd/authd/internal/auth"
)

func testKeys(version uint8) (refreshKeys, bool) {
	return refreshKeys{tag: newKeyed(bytes.Repeat([]byte{version}, 32)), rotate: newKeyed(bytes.Repeat([]byte{version + 100}, 32))}, version < 3
}

func testToken() refreshToken {
	return refreshToken{version: 2, session: auth.SessionID{1, 2, 3}, generation: 0x01020304, secret: secretOf(9)}
}

func text(t refreshToken) string {
	keys, _ := testKeys(t.version)
	return t.text(keys)
}

func TestARefreshTokenSurvivesItsText(t *testing.T) {
	t.Parallel()
	want := testToken()
	got, found := parseRefresh(text(want), testKeys)
	if got != want || found != genuine {
		t.Errorf("got %+v (%d), want %+v", got, found, want)
	}
	if n := len(text(want)); n != 96 {
		t.Errorf("got %d characters, want 96", n)
	}
}

// B21: every change of one bit or one character, every truncation and every extension.
func TestExactlyOneTextIsValidForAToken(t *testing.T) {
	t.Parallel()
	good := text(testToken())
	refused := func(bad string) {
		t.Helper()
		if _, found := parseRefresh(bad, testKeys); found == genuine {
			t.Errorf("%q was taken for %q", bad, good)
		}
	}
	for i := range len(good) {
		refused(good[:i])
		for c := range 256 {
			if byte(c) != good[i] {
				refused(good[:i] + string([]byte{byte(c)}) + good[i+1:])
			}
		}
		for _, c := range []string{"\n", "\r", "=", "A", " ", "\x00"} {
			refused(good[:i] + c + good[i:])
		}
	}
	b, err := base64.RawURLEncoding.DecodeString(good[4:])
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * len(b) {
		flipped := bytes.Clone(b)
		flipped[bit/8] ^= 1 << (bit % 8)
		refused(refreshPrefix + base64.RawURLEncoding.EncodeToString(flipped))
	}
	for _, bad := range []string{"", good + "A", good + "\n", "\n" + good, good + "=", strings.ToLower(good),
		strings.ToUpper(good), strings.TrimPrefix(good, "art_"), "art_" + good, good + good} {
		refused(bad)
	}
}

// B22: who knows only the session's id cannot make a token that ends it.
func TestATagOfAnotherKeyIsForged(t *testing.T) {
	t.Parallel()
	token := testToken()
	bad := token.text(refreshKeys{tag: newKeyed(make([]byte, 32))})
	if _, found := parseRefresh(bad, testKeys); found != forged {
		t.Errorf("got %d, want forged", found)
	}
}

func TestATokenOfAVersionThatIsNotLoadedIsNotCalledForged(t *testing.T) {
	t.Parallel()
	token := testToken()
	token.version = 3
	if _, found := parseRefresh(text(token), testKeys); found != versionUnknown {
		t.Errorf("got %d, want versionUnknown", found)
	}
}

func TestASuccessorDependsOnAllThatMadeIt(t *testing.T) {
	t.Parallel()
	keys, _ := testKeys(1)
	parent, nonce := testToken(), [32]byte{7}
	next := successor(&parent, nonce, 1, keys)
	if again := successor(&parent, nonce, 1, keys); again != next {
		t.Error("the same inputs gave another successor")
	}
	if next.generation != parent.generation+1 || next.session != parent.session || next.version != 1 {
		t.Errorf("got %+v after %+v", next, parent)
	}
	other := func(change string, parent refreshToken, nonce [32]byte, keys refreshKeys) {
		if got := successor(&parent, nonce, 1, keys); got.secret == next.secret {
			t.Errorf("another %s gave the same secret", change)
		}
	}
	changed := parent
	changed.secret[31]++
	other("secret", changed, nonce, keys)
	changed = parent
	changed.session[15]++
	other("session", changed, nonce, keys)
	changed = parent
	changed.generation++
	other("generation", changed, nonce, keys)
	other("nonce", parent, [32]byte{8}, keys)
	otherKeys, _ := testKeys(2)
	other("key", parent, nonce, otherKeys)
}

func FuzzParseRefresh(f *testing.F) {
	f.Add(text(testToken()))
	f.Add("art_")
	f.Add("art_" + strings.Repeat("A", 92))
	f.Add("art_" + strings.Repeat("\n", 92))
	f.Fuzz(func(t *testing.T, in string) {
		token, found := parseRefresh(in, testKeys)
		if found == genuine && text(token) != in {
			t.Errorf("%q and %q are both texts of one token", in, text(token))
		}
	})
}
