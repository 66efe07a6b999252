package strictjson

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// String consumes a string and returns its bytes, with escapes resolved. Without escapes they are the
// text's own bytes, and nothing is copied.
func (r *Reader) String() ([]byte, error) {
	if !r.take('"') {
		return nil, errType
	}
	from := r.at
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == '"':
			r.at++
			return r.text[from : r.at-1 : r.at-1], nil
		case c == '\\':
			return r.escaped(bytes.Clone(r.text[from:r.at]))
		case c < ' ':
			return nil, errSyntax
		}
	}
	return nil, errSyntax
}

// escaped goes on with a string from its first escape; out is what stands before.
func (r *Reader) escaped(out []byte) ([]byte, error) {
	for r.at < len(r.text) {
		c := r.text[r.at]
		r.at++
		switch {
		case c == '"':
			return out, nil
		case c < ' ':
			return nil, errSyntax
		case c != '\\':
			out = append(out, c)
		default:
			var err error
			if out, err = r.escape(out); err != nil {
				return nil, err
			}
		}
	}
	return nil, errSyntax
}

// escape appends what the escape behind a backslash stands for.
func (r *Reader) escape(out []byte) ([]byte, error) {
	if r.at == len(r.text) {
		return nil, errSyntax
	}
	c := r.text[r.at]
	r.at++
	if c == 'u' {
		return r.unicode(out)
	}
	at := bytes.IndexByte([]byte(`"\/bfnrt`), c)
	if at < 0 {
		return nil, errSyntax
	}
	return append(out, "\"\\/\b\f\n\r\t"[at]), nil
}

func (r *Reader) unicode(out []byte) ([]byte, error) {
	first, ok := r.hex4()
	if !ok {
		return nil, errSyntax
	}
	if !utf16.IsSurrogate(first) {
		return utf8.AppendRune(out, first), nil
	}
	if !bytes.HasPrefix(r.text[r.at:], []byte(`\u`)) {
		return nil, errSurrogate
	}
	r.at += 2
	second, ok := r.hex4()
	if !ok {
		return nil, errSyntax
	}
	both := utf16.DecodeRune(first, second)
	if both == utf8.RuneError {
		return nil, errSurrogate
	}
	return utf8.AppendRune(out, both), nil
}

func (r *Reader) hex4() (n rune, ok bool) {
	if len(r.text)-r.at < 4 {
		return 0, false
	}
	for _, c := range r.text[r.at : r.at+4] {
		switch {
		case isDigit(c):
			n = n<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			n = n<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	r.at += 4
	return n, true
}

// maxShort is how long a number without an exponent may be that is certainly within a double.
const maxShort = 300

// number consumes a number of any form (RFC 8259, section 6), if it can be held: encoding/json and others
// refuse a text with one that is beyond a double, and what they refuse is not to be good here.
func (r *Reader) number() error {
	start := r.at
	if r.at < len(r.text) && r.text[r.at] == '-' {
		r.at++
	}
	from := r.at
	if n := r.digits(); n == 0 || n > 1 && r.text[from] == '0' {
		return errSyntax
	}
	if r.at < len(r.text) && r.text[r.at] == '.' {
		r.at++
		if r.digits() == 0 {
			return errSyntax
		}
	}
	exponent := r.at < len(r.text) && r.text[r.at]|0x20 == 'e'
	if exponent {
		r.at++
		if r.at < len(r.text) && (r.text[r.at] == '+' || r.text[r.at] == '-') {
			r.at++
		}
		if r.digits() == 0 {
			return errSyntax
		}
	}
	if r.at-start <= maxShort && !exponent {
		return nil
	}
	if _, err := strconv.ParseFloat(string(r.text[start:r.at]), 64); err != nil {
		return errNumber
	}
	return nil
}

func (r *Reader) digits() (n int) {
	for ; r.at < len(r.text) && isDigit(r.text[r.at]); r.at++ {
		n++
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
