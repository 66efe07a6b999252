package userfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// MaxLine is how many bytes a line may have, and a CSV record of several lines. An honest one, with the
// longest name and all the roles, has under 4 KiB.
const MaxLine = 16 << 10

// lines cuts a stream into lines, without ever holding more than one.
type lines struct {
	in     *bufio.Reader
	number int   // of the last line
	bytes  int64 // read so far
}

func newLines(in io.Reader) *lines {
	return &lines{in: bufio.NewReaderSize(in, MaxLine+len("\r\n"))}
}

// next returns the next line without its end, which is LF or CRLF, or nothing at the end of the file. A
// line that is too long is skipped. The bytes are good until the next call.
func (l *lines) next() (text []byte, tooLong bool, err error) {
	text, err = l.in.ReadSlice('\n')
	l.bytes += int64(len(text))
	for errors.Is(err, bufio.ErrBufferFull) {
		tooLong = true
		text, err = l.in.ReadSlice('\n')
		l.bytes += int64(len(text))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	if err != nil && len(text) == 0 && !tooLong {
		return nil, false, io.EOF
	}
	l.number++
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	return text, tooLong || len(text) > MaxLine, nil
}
