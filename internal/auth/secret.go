package auth

import (
	"fmt"
	"log/slog"
	"unique"
)

// redacted is what a Secret shows of itself.
const redacted = "[redacted]"

// Secret is text that must not be seen: whatever prints, logs or marshals it writes [redacted].
// Reveal is the one way to the text, and easy to search for.
type Secret struct {
	// A handle, which is a pointer inside, because the methods below are not always asked: package
	// fmt calls none on a field that is not exported, nor for a verb in the wrong place such as %w,
	// and prints what it finds by reflection. Of a handle that is an address. A bare pointer would
	// hide as much, and make two secrets of the same text unequal.
	text unique.Handle[string]
}

// NewSecret hides text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{unique.Make(text)}
}

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.text.Value()
}

// IsZero reports whether the text is empty.
func (s Secret) IsZero() bool { return s == Secret{} }

// Format is asked by every verb of package fmt, %#v and %x included, before anything else.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
