package auth

import (
	"fmt"
	"log/slog"
)

// redacted is what a Secret shows of itself.
const redacted = "[redacted]"

// Secret is text that must not be seen: whatever prints, logs or marshals it writes [redacted].
// Reveal is the one way to the text, and easy to search for. Two secrets are never compared with ==,
// which would look at where the texts are and not at what they say.
type Secret struct {
	// A pointer, because the methods below are not always asked: package fmt calls none on a field
	// that is not exported, nor for a verb in the wrong place such as %w, and prints what it finds
	// by reflection. Of a pointer this deep it prints the address.
	text *string
}

// NewSecret hides text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether the text is empty.
func (s Secret) IsZero() bool { return s.text == nil }

// Format is asked by every verb of package fmt, %#v and %x included, before anything else.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
