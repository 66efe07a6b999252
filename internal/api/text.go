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

// boolean is a member that is true or false.
type boolean struct {
	value bool
	given bool
}

var errNotBool = errors.New("neither true nor false")

// UnmarshalJSONFrom reads true or false and nothing else.
func (f *boolean) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	kind := d.PeekKind()
	if _, err := d.ReadToken(); err != nil {
		return err // not JSON at all
	}
	if kind != jsontext.KindTrue && kind != jsontext.KindFalse {
		return errNotBool
	}
	f.value, f.given = kind == jsontext.KindTrue, true
	return nil
}

// texts is a list of strings.
type texts struct {
	values []string
	given  bool
}

var errNotStrings = errors.New("not a list of strings")

// UnmarshalJSONFrom reads an array of strings and nothing else.
func (t *texts) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if start, err := d.ReadToken(); err != nil {
		return err
	} else if start.Kind() != jsontext.KindBeginArray {
		return errNotStrings
	}
	values := []string{} // an empty list is not one that was left out
	for d.PeekKind() != jsontext.KindEndArray {
		var one text
		if err := one.UnmarshalJSONFrom(d); errors.Is(err, errNotString) {
			return errNotStrings
		} else if err != nil {
			return err
		}
		values = append(values, one.value)
	}
	t.values, t.given = values, true
	_, err := d.ReadToken()
	return err
}
