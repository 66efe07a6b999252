package strictjson

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

// Everything that we read is flat. The limits are far above what is of use, and keep a hostile text
// from costing more than its length.
const (
	maxDepth   = 16
	maxMembers = 256 // of one object: names are compared each with each
)

var (
	errSyntax    = errors.New("not JSON")
	errUTF8      = errors.New("not UTF-8")
	errRepeated  = errors.New("a name stands twice in one object")
	errDeep      = errors.New("nested too deeply")
	errMembers   = errors.New("too many members in one object")
	errSurrogate = errors.New("half a surrogate pair")
	errTrailing  = errors.New("something stands behind the value")
	errType      = errors.New("a value of another type is wanted")
	errNumber    = errors.New("a number that is beyond a double")
	errInteger   = errors.New("a whole number from 0 to 2^53-1 is wanted")
)

// Reader reads one text from front to back. Each method consumes one value.
type Reader struct {
	text  []byte
	at    int
	depth int
}

// NewReader returns a reader of text, which must not change while it is used. What the reader returns
// may share text's memory.
func NewReader(text []byte) (*Reader, error) {
	if !utf8.Valid(text) {
		return nil, errUTF8
	}
	return &Reader{text: text}, nil
}

// End reports whether all was read.
func (r *Reader) End() error {
	if r.space(); r.at != len(r.text) {
		return errTrailing
	}
	return nil
}

// Object calls member with the name of each member. member must consume the value.
func (r *Reader) Object(member func(name []byte) error) error {
	if !r.take('{') {
		return errType
	}
	if r.depth++; r.depth > maxDepth {
		return errDeep
	}
	var few [16][]byte
	seen := few[:0]
	for first := true; !r.take('}'); first = false {
		if !first && !r.take(',') {
			return errSyntax
		}
		name, err := r.String()
		switch {
		case err != nil:
			return errSyntax
		case !r.take(':'):
			return errSyntax
		case len(seen) == maxMembers:
			return errMembers
		}
		for _, other := range seen {
			if bytes.Equal(name, other) {
				return errRepeated
			}
		}
		seen = append(seen, name)
		if err := member(name); err != nil {
			return err
		}
	}
	r.depth--
	return nil
}

// Array calls element for each element. element must consume it.
func (r *Reader) Array(element func() error) error {
	if !r.take('[') {
		return errType
	}
	if r.depth++; r.depth > maxDepth {
		return errDeep
	}
	for first := true; !r.take(']'); first = false {
		if !first && !r.take(',') {
			return errSyntax
		}
		if err := element(); err != nil {
			return err
		}
	}
	r.depth--
	return nil
}

// Raw consumes a value of any type and returns its text.
func (r *Reader) Raw() ([]byte, error) {
	r.space()
	from := r.at
	err := r.Skip()
	return r.text[from:r.at], err
}

// Skip consumes a value of any type. It is as strict as if the value were of use.
func (r *Reader) Skip() error {
	switch r.Next() {
	case '{':
		return r.Object(func([]byte) error { return r.Skip() })
	case '[':
		return r.Array(r.Skip)
	case '"':
		_, err := r.String()
		return err
	case 't':
		return r.literal("true")
	case 'f':
		return r.literal("false")
	case 'n':
		return r.literal("null")
	}
	return r.number()
}

// Next returns the first byte of the next value, which tells its type, or 0 at the end.
func (r *Reader) Next() byte {
	r.space()
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

// Int consumes a number written in digits alone, as every writer of such numbers does. Above 2^53
// readers begin to differ (RFC 8259, section 6), and what is counted here is never negative.
func (r *Reader) Int() (int64, error) {
	r.space()
	from, n := r.at, int64(0)
	for ; r.at < len(r.text) && isDigit(r.text[r.at]) && r.at-from < 16; r.at++ {
		n = n*10 + int64(r.text[r.at]-'0')
	}
	digits := r.text[from:r.at]
	switch {
	case len(digits) == 0, len(digits) > 1 && digits[0] == '0', n >= 1<<53:
		return 0, errInteger
	case r.at < len(r.text) && bytes.IndexByte([]byte("0123456789.eE+-"), r.text[r.at]) >= 0:
		return 0, errInteger
	}
	return n, nil
}

func (r *Reader) take(c byte) bool {
	if r.Next() != c {
		return false
	}
	r.at++
	return true
}

func (r *Reader) space() {
	for ; r.at < len(r.text); r.at++ {
		if c := r.text[r.at]; c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return
		}
	}
}

func (r *Reader) literal(word string) error {
	if !bytes.HasPrefix(r.text[r.at:], []byte(word)) {
		return errSyntax
	}
	r.at += len(word)
	return nil
}
