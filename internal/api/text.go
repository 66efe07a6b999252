package api

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// text is a string member that knows whether it was there: an empty password is an answer, a missing
// one is a fault. null is refused, where the library would take it for an empty string.
type text struct {
	value string
	given bool
}

var errNotString = errors.New("not a string")

// UnmarshalJSONFrom reads a string and nothing else. It looks before it reads, so that however deep an
// array is in the place of a string, none of it is read (F6, F9).
func (t *text) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != jsontext.KindString {
		if _, err := d.ReadToken(); err != nil {
			return err // not JSON at all
		}
		return errNotString
	}
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	t.value, t.given = token.String(), true
	return nil
}
