package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/authd/authd/internal/password"
)

// refusedLine is a line of a report. The line is the first member: by that a report is known for one.
type refusedLine struct {
	Line     int    `json:"line"`
	Username string `json:"username,omitempty"`
	Reason   string `json:"reason"`
	Text     string `json:"text"`
}

func (r refusedLine) String() string {
	if r.Username == "" {
		return fmt.Sprintf("line %d: %s: %s", r.Line, r.Reason, r.Text)
	}
	return fmt.Sprintf("line %d, %s: %s: %s", r.Line, onOneLine(r.Username), r.Reason, r.Text)
}

// shownName is what may be shown of a name: as mapped, or else as it stood there. What may be a hash in the
// wrong column is not shown at all.
func shownName(typed, mapped string) string {
	const most = 128
	if mapped != "" {
		typed = mapped
	}
	if len(typed) > most || !utf8.ValidString(typed) || password.LooksHashed(typed) {
		return ""
	}
	return typed
}

// importReport is a file of refused lines, or nothing if nobody asked for one.
type importReport struct {
	file *os.File
	out  *bufio.Writer
}

// openReport makes a report, readable by its owner alone. Every run judges every line, so its report takes
// the place of the one before; of any other file it does not.
func openReport(name string, users io.Reader) (*importReport, error) {
	if name == "" {
		return &importReport{}, nil
	}
	if err := mayReplace(name, users); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(file.Chmod(0o600), file.Truncate(0)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &importReport{file, bufio.NewWriter(file)}, nil
}

// reportBegin is how every report begins that is not empty.
var reportBegin = []byte(`{"line":`)

func mayReplace(name string, users io.Reader) error {
	old, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer old.Close()
	info, err := old.Stat()
	if err != nil {
		return err
	}
	if in, ok := users.(*os.File); ok {
		if same, err := in.Stat(); err == nil && os.SameFile(info, same) {
			return &usageError{errors.New("the report would take the place of the users: name another file")}
		}
	}
	begin := make([]byte, len(reportBegin))
	n, _ := io.ReadFull(old, begin)
	if !info.Mode().IsRegular() || n > 0 && !bytes.Equal(begin[:n], reportBegin) {
		return &usageError{fmt.Errorf("%s is there and is no report, so it is left as it is: name another file", name)}
	}
	return nil
}

func (r *importReport) none() bool { return r.file == nil }

func (r *importReport) add(line refusedLine) error {
	if r.none() {
		return nil
	}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = r.out.Write(append(text, '\n'))
	return err
}

// flush comes after every batch, so that a report is good whatever ends the run.
func (r *importReport) flush() error {
	if r.none() {
		return nil
	}
	return r.out.Flush()
}

func (r *importReport) close() error {
	if r.none() {
		return nil
	}
	return errors.Join(r.out.Flush(), r.file.Close())
}

// sortedByCount is the most frequent first.
func sortedByCount(counts map[string]int) []string {
	names := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(names, func(a, b string) int { return counts[b] - counts[a] })
	return names
}
