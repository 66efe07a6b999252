package userfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// newCSV reads the header of a file as RFC 4180 has it, with LF or CRLF and with or without the mark that
// spreadsheets put in front. It returns what reads a record.
func newCSV(in *lines) (func() (Line, error), error) {
	c := &csvFile{lines: in}
	header, _, err := c.record()
	if errors.Is(err, io.EOF) {
		return nil, &BrokenError{1, "the file is empty: the first line names the columns, such as username,password_hash"}
	}
	if err != nil {
		return nil, err
	}
	if fault := c.learn(header); fault != "" {
		return nil, &BrokenError{c.first, fault}
	}
	return c.next, nil
}

type csvFile struct {
	*lines
	first  int      // line of the record
	order  []string // names of the columns
	cells  []string // of the record
	joined []byte   // a record of several lines
}

// columnName is what a stranger's column may be called to be repeated in an error: a first line that is no
// header holds values, and one of them a hash.
var columnName = regexp.MustCompile(`^[A-Za-z][A-Za-z_ -]{0,23}$`)

// learn reads the names of the columns, or says what is wrong with them.
func (c *csvFile) learn(header []string) (fault string) {
	if !slices.Contains(header, "username") && !slices.Contains(header, "password_hash") {
		if len(header) == 1 && strings.ContainsAny(header[0], ";\t") {
			return "the columns are separated by something else: commas are wanted"
		}
		return "this is no header: the first line names the columns, such as username,password_hash. There may be " + strings.Join(members, ", ")
	}
	for i, name := range header {
		switch {
		case slices.Contains(header[:i], name):
			return "a column is there twice"
		case !slices.Contains(members, name) && columnName.MatchString(name):
			return fmt.Sprintf("there is no column %q: leave it out. There may be %s", name, strings.Join(members, ", "))
		case !slices.Contains(members, name):
			return "there is a column without a name that is known: leave it out. There may be " + strings.Join(members, ", ")
		}
	}
	for _, name := range members[:2] {
		if !slices.Contains(header, name) {
			return "the column " + name + " is missing"
		}
	}
	c.order = slices.Clone(header)
	return ""
}

func (c *csvFile) next() (Line, error) {
	cells, fault, err := c.record()
	line := Line{Number: c.first, Fault: fault}
	if err != nil || fault.Reason != "" {
		return line, err
	}
	if len(cells) != len(c.order) {
		return line, &BrokenError{c.first, fmt.Sprintf("there are %d values for %d columns, so what follows cannot be trusted either", len(cells), len(c.order))}
	}
	var v values
	if v, line.Fault = c.assign(cells); line.Reason == "" {
		line.User, line.Fault = v.user()
	}
	line.User.Username = v.username
	return line, nil
}

// assign gives each cell to its member.
func (c *csvFile) assign(cells []string) (v values, fault Fault) {
	for i, cell := range cells {
		switch c.order[i] {
		case "username":
			v.username = cell
		case "password_hash":
			v.hash = cell
		case "id":
			v.id = cell
		case "created_at":
			v.createdAt = cell
		case "disabled_at":
			v.disabledAt = cell
		case "roles":
			if cell != "" {
				v.roles = strings.Split(cell, " ")
			}
		case "disabled":
			if cell != "" && cell != "true" && cell != "false" {
				fault = Fault{"disabled_invalid", "disabled is true, false or empty"}
			}
			v.disabled = cell == "true"
		}
	}
	return v, fault
}

// record reads the next line that is not empty, with those that belong to it because a quote is open. No
// member may have a line break. But who does not see where a quote ends takes a part of somebody's name for
// a user, with whatever roles it says.
func (c *csvFile) record() (cells []string, fault Fault, err error) {
	var text []byte
	for len(text) == 0 {
		var long bool
		if text, long, err = c.lines.next(); err != nil {
			return nil, Fault{}, err
		}
		c.first = c.number
		if c.number == 1 && wide(text) {
			return nil, Fault{}, &BrokenError{1, saveAsUTF8}
		}
		if c.number == 1 {
			text = bytes.TrimPrefix(text, markUTF8)
		}
		if long {
			return nil, Fault{}, &BrokenError{c.first, tooLong.Text + ", and where this one ends cannot be told"}
		}
	}
	if !utf8.Valid(text) {
		fault = notUTF8
	}
	c.cells, err = c.split(text, c.cells[:0])
	if errors.Is(err, errQuoteOpen) {
		fault = lineBreak
		err = c.joinUntilClosed(text)
	}
	if errors.Is(err, errQuotes) {
		err = &BrokenError{c.first, "the quotes are not those of CSV, so what follows cannot be trusted either"}
	}
	return c.cells, fault, err
}

// joinUntilClosed reads on until the quote that is open at the end of text is closed.
func (c *csvFile) joinUntilClosed(text []byte) (err error) {
	c.joined = append(c.joined[:0], text...)
	for err = errQuoteOpen; errors.Is(err, errQuoteOpen); {
		more, _, ended := c.lines.next()
		if ended != nil && !errors.Is(ended, io.EOF) {
			return ended
		}
		c.joined = append(append(c.joined, '\n'), more...)
		if ended != nil || len(c.joined) > MaxLine {
			return &BrokenError{c.first, "a quote is opened and not closed"}
		}
		c.cells, err = c.split(c.joined, c.cells[:0])
	}
	return err
}

var (
	errQuoteOpen = errors.New("a quote is open at the end")
	errQuotes    = errors.New("a quote where none may be")
)

// split takes a record apart as RFC 4180, section 2 has it: a value that holds a quote is quoted, a quote in
// it is doubled, and nothing stands between a closing quote and the comma.
func (c *csvFile) split(text []byte, cells []string) ([]string, error) {
	for {
		if len(text) == 0 || text[0] != '"' {
			cell, rest, more := bytes.Cut(text, []byte(","))
			if bytes.IndexByte(cell, '"') >= 0 {
				return cells, errQuotes
			}
			if cells = append(cells, string(cell)); !more {
				return cells, nil
			}
			text = rest
			continue
		}
		cell, rest, err := unquote(text[1:])
		if err != nil {
			return cells, err
		}
		cells = append(cells, cell)
		switch {
		case len(rest) == 0:
			return cells, nil
		case rest[0] != ',':
			return cells, errQuotes
		}
		text = rest[1:]
	}
}

// unquote reads up to the closing quote.
func unquote(text []byte) (cell string, rest []byte, err error) {
	var out []byte
	for {
		at := bytes.IndexByte(text, '"')
		if at < 0 {
			return "", nil, errQuoteOpen
		}
		out, text = append(out, text[:at]...), text[at+1:]
		if len(text) == 0 || text[0] != '"' {
			return string(out), text, nil
		}
		out, text = append(out, '"'), text[1:]
	}
}
