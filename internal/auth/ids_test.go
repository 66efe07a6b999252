package auth_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/authd/authd/internal/auth"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 123_456_789, time.UTC)

func TestAnIDIsAUUIDv7(t *testing.T) {
	t.Parallel()
	for name, random := range map[string]byte{"all bits clear": 0x00, "all bits set": 0xff} {
		entropy := bytes.Repeat([]byte{random}, 10)
		user, err := auth.NewUserID(noon, bytes.NewReader(entropy))
		if err != nil {
			t.Fatal(err)
		}
		session, err := auth.NewSessionID(noon, bytes.NewReader(entropy))
		if err != nil {
			t.Fatal(err)
		}
		client, err := auth.NewClientID(noon, bytes.NewReader(entropy))
		if err != nil {
			t.Fatal(err)
		}
		for kind, id := range map[string][16]byte{"user": user, "session": session, "client": client} {
			if got := ms(id); got != noon.UnixMilli() {
				t.Errorf("%s, %s: the first 48 bits are %d ms, want %d", kind, name, got, noon.UnixMilli())
			}
			if got := id[6] >> 4; got != 7 {
				t.Errorf("%s, %s: got version %d, want 7", kind, name, got)
			}
			if got := id[8] >> 6; got != 0b10 {
				t.Errorf("%s, %s: got variant %b, want 10", kind, name, got)
			}
			rest := append([]byte{id[6] & 0x0f, id[7], id[8] & 0x3f}, id[9:]...)
			want := append([]byte{random & 0x0f, random, random & 0x3f}, entropy[3:]...)
			if !bytes.Equal(rest, want) {
				t.Errorf("%s, %s: the random bits are %x, want %x", kind, name, rest, want)
			}
		}
	}
}

func ms(id [16]byte) (n int64) {
	for _, b := range id[:6] {
		n = n<<8 | int64(b)
	}
	return n
}

// The example of RFC 9562, appendix A.6.
func TestTheTextIsThatOfTheRFC(t *testing.T) {
	t.Parallel()
	const text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
	id, err := auth.ParseUserID(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := id.String(); got != text {
		t.Errorf("got %s, want %s", got, text)
	}
	if got, want := ms(id), int64(0x017f22e279b0); got != want {
		t.Errorf("got %x ms, want %x", got, want)
	}
	if got, want := auth.SessionID(id).String(), base64.RawURLEncoding.EncodeToString(id[:]); got != want {
		t.Errorf("as a session: got %s, want %s", got, want)
	}
}

func TestLaterIDsSortAfterEarlierOnes(t *testing.T) {
	t.Parallel()
	early, err := auth.NewSessionID(noon, bytes.NewReader(bytes.Repeat([]byte{0xff}, 10)))
	if err != nil {
		t.Fatal(err)
	}
	late, err := auth.NewSessionID(noon.Add(time.Millisecond), bytes.NewReader(make([]byte, 10)))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Compare(early[:], late[:]) >= 0 {
		t.Errorf("%x, made a millisecond later, does not sort after %x", late, early)
	}
}

// An id made from less randomness than asked for could be guessed, or come twice.
func TestNoIDIsMadeWithoutItsRandomness(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	short := func() io.Reader { return bytes.NewReader(make([]byte, 9)) }
	failing := func() io.Reader { return io.MultiReader(bytes.NewReader(make([]byte, 9)), errReader{broken}) }

	for name, makeID := range map[string]func(io.Reader) error{
		"user":    func(r io.Reader) error { _, err := auth.NewUserID(noon, r); return err },
		"session": func(r io.Reader) error { _, err := auth.NewSessionID(noon, r); return err },
		"client":  func(r io.Reader) error { _, err := auth.NewClientID(noon, r); return err },
		"token":   func(r io.Reader) error { _, err := auth.NewTokenID(r); return err },
	} {
		if err := makeID(short()); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: got %v from a source that ran dry, want %v", name, err, io.ErrUnexpectedEOF)
		}
		if err := makeID(failing()); !errors.Is(err, broken) {
			t.Errorf("%s: got %v, want the source's own error", name, err)
		}
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestATokenIDIsTwelveRandomBytes(t *testing.T) {
	t.Parallel()
	id, err := auth.NewTokenID(strings.NewReader("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := id.String(), base64.RawURLEncoding.EncodeToString([]byte("0123456789ab")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestATokenIDHasOneText(t *testing.T) {
	t.Parallel()
	const good = "MDEyMzQ1Njc4OWFi"
	id, err := auth.ParseTokenID(good)
	if err != nil || id.String() != good {
		t.Errorf("got %s, %v, want %s", id, err, good)
	}
	for _, text := range []string{"", good[:15], good + "A", good + "=", good[:14] + "\r\n", good[:14] + "\r\nAA", good[:15] + "+",
		good[:15] + " ", "é" + good[:14], strings.Repeat("A", 22)} {
		if id, err := auth.ParseTokenID(text); err == nil || id != (auth.TokenID{}) {
			t.Errorf("%q: got %s, %v; want an error alone", text, id, err)
		}
	}
}

func TestBothFormsOfAnIDComeBackAsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var id [16]byte
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		for _, text := range []string{auth.UserID(id).String(), auth.SessionID(id).String()} {
			user, err := auth.ParseUserID(text)
			if err != nil || user != id {
				t.Fatalf("ParseUserID(%q) = %x, %v, want %x", text, user, err, id)
			}
			session, err := auth.ParseSessionID(text)
			if err != nil || session != id {
				t.Fatalf("ParseSessionID(%q) = %x, %v, want %x", text, session, err, id)
			}
			client, err := auth.ParseClientID(text)
			if err != nil || client != id || client.String() != user.String() {
				t.Fatalf("ParseClientID(%q) = %x, %v, want %x", text, client, err, id)
			}
		}
	})
}

// An id has one spelling in each form, upper-case hexadecimal apart, and nothing else is an id.
func TestWhatIsNotAnIDIsRefusedWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	const good = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
	id, err := auth.ParseUserID(good)
	if err != nil {
		t.Fatal(err)
	}
	session := auth.SessionID(id).String()
	for name, text := range map[string]string{
		"empty":                   "",
		"one digit short":         good[:35],
		"one digit more":          good + "0",
		"no hyphens":              strings.ReplaceAll(good, "-", ""),
		"hyphens elsewhere":       "017f22e279b0-7cc3-98c4-dc0c-0c07398f",
		"a digit for a hyphen":    strings.Replace(good, "-", "0", 1),
		"not hexadecimal":         "g" + good[1:],
		"a hyphen for a digit":    good[:35] + "-",
		"in braces":               "{" + good + "}",
		"as a URN":                "urn:uuid:" + good,
		"with a NUL":              good[:35] + "\x00",
		"with a line break":       good[:35] + "\n",
		"base64url, one short":    session[:21],
		"base64url, one more":     session + "A",
		"base64url, padded":       session + "==",
		"base64, not url":         strings.Repeat("+/", 11),
		"loose bits at the end":   session[:21] + "_",
		"base64 with line breaks": session[:20] + "\r\n",
		"multi-byte letters":      strings.Repeat("é", 11),
		"zero":                    "00000000-0000-0000-0000-000000000000",
		"zero, base64url":         strings.Repeat("A", 22),
	} {
		for kind, parse := range map[string]func(string) error{
			"user":    func(s string) error { got, err := auth.ParseUserID(s); return mustBeZero(got.IsZero(), err) },
			"session": func(s string) error { got, err := auth.ParseSessionID(s); return mustBeZero(got.IsZero(), err) },
			"client":  func(s string) error { got, err := auth.ParseClientID(s); return mustBeZero(got.IsZero(), err) },
		} {
			err := parse(text)
			if err == nil {
				t.Errorf("%s: taken for the id of a %s", name, kind)
			} else if text != "" && strings.Contains(err.Error(), text) {
				t.Errorf("%s: the error repeats what an attacker may have written: %v", name, err)
			}
		}
	}
}

// mustBeZero turns an id that came together with an error into no error, which the tests refuse:
// whoever forgets to look at the error must not go on with half an id.
func mustBeZero(zero bool, err error) error {
	if !zero {
		return nil
	}
	return err
}

func TestTheZeroIDNamesNobody(t *testing.T) {
	t.Parallel()
	if !(auth.UserID{}).IsZero() || !(auth.SessionID{}).IsZero() || !(auth.ClientID{}).IsZero() {
		t.Error("a zero id does not say that it is zero")
	}
	if (auth.UserID{15: 1}).IsZero() || (auth.SessionID{15: 1}).IsZero() {
		t.Error("an id that is not zero says that it is")
	}
}
