package userfile

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/authd/authd/internal/accounts"
)

// Format is how a file is written.
type Format string

// The formats that there are.
const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// FormatOf tells a format by the ending of a file's name; empty if it does not.
func FormatOf(name string) Format {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv":
		return CSV
	case ".ndjson", ".jsonl":
		return NDJSON
	}
	return ""
}

// Line is a line of a file that stands for a user.
type Line struct {
	Number int               // the first of the record's lines, from 1
	User   accounts.Imported // as far as it could be read
	Fault                    // why it could not be read; without a Reason it could
}

// Fault says what is wrong with one line, and holds no value of it.
type Fault struct {
	Reason string // a stable word
	Text   string // for people
}

// BrokenError ends the reading of a file: where the next record begins is not known for certain, and a guess
// could make a user of what is part of somebody's name.
type BrokenError struct {
	Line int
	Text string
}

func (e *BrokenError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// Reader reads the users of one file, one after the other.
type Reader struct {
	lines *lines
	next  func() (Line, error)
}

// NewReader reads the header, if the format has one. [BrokenError].
func NewReader(in io.Reader, format Format) (*Reader, error) {
	r := &Reader{lines: newLines(in)}
	var err error
	switch format {
	case CSV:
		r.next, err = newCSV(r.lines)
	case NDJSON:
		r.next = newNDJSON(r.lines)
	default:
		err = fmt.Errorf("there is no format %q", format)
	}
	return r, err
}

// Next returns the next user, and at the end io.EOF. After a [BrokenError], and after an error of the file's,
// there is nothing more to be read.
func (r *Reader) Next() (Line, error) { return r.next() }

// Bytes is how much of the file was read.
func (r *Reader) Bytes() int64 { return r.lines.bytes }

var (
	markUTF8  = []byte("\xef\xbb\xbf")
	tooLong   = Fault{"line_too_long", fmt.Sprintf("a line may have %d bytes", MaxLine)}
	notUTF8   = Fault{"not_utf8", "this is not UTF-8: export the file again in that encoding"}
	lineBreak = Fault{"line_malformed", "a value has a line break in it"}
)

// wide reports whether a file begins as one in UTF-16 does.
func wide(text []byte) bool {
	return bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) || bytes.IndexByte(text, 0) >= 0
}

const saveAsUTF8 = "the file is in UTF-16: save it as UTF-8"
