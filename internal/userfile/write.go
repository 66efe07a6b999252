package userfile

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/authd/authd/internal/accounts"
)

// Writer writes users as Reader reads them.
type Writer struct {
	out    *bufio.Writer
	csv    *csv.Writer // nil for NDJSON
	hashes bool
}

// NewWriter writes the header, if the format has one. Without hashes nobody can be imported from what is
// written.
func NewWriter(out io.Writer, format Format, hashes bool) (*Writer, error) {
	w := &Writer{out: bufio.NewWriterSize(out, 64<<10), hashes: hashes}
	switch format {
	case NDJSON:
		return w, nil
	case CSV:
		w.csv = csv.NewWriter(w.out)
		return w, w.csv.Write(w.columns(members))
	}
	return nil, fmt.Errorf("there is no format %q", format)
}

// columns leaves the hash out if it is not wanted. Its place is the second.
func (w *Writer) columns(all []string) []string {
	if w.hashes {
		return all
	}
	return append(all[:1:1], all[2:]...)
}

// writtenUser is a user as an object. What import does not need and would ask about, such as the epoch, stays
// in the store.
type writtenUser struct {
	Username     string   `json:"username"`
	PasswordHash string   `json:"password_hash,omitempty"`
	ID           string   `json:"id"`
	Roles        []string `json:"roles"` // the library writes nil as []
	CreatedAt    string   `json:"created_at"`
	Disabled     bool     `json:"disabled"`
	DisabledAt   string   `json:"disabled_at,omitempty"`
}

// Write writes one user.
func (w *Writer) Write(c accounts.Credentials) error {
	u := writtenUser{Username: c.Username, PasswordHash: c.PasswordHash, ID: c.ID.String(), Roles: c.Roles,
		CreatedAt: written(c.CreatedAt), Disabled: !c.DisabledAt.IsZero(), DisabledAt: written(c.DisabledAt)}
	if w.csv != nil {
		return w.csv.Write(w.columns([]string{u.Username, u.PasswordHash, u.ID, strings.Join(u.Roles, " "),
			u.CreatedAt, strconv.FormatBool(u.Disabled), u.DisabledAt}))
	}
	if !w.hashes {
		u.PasswordHash = ""
	}
	text, err := json.Marshal(u)
	if err != nil {
		return err
	}
	_, err = w.out.Write(append(text, '\n'))
	return err
}

// Flush hands on what is written. A file is whole after it.
func (w *Writer) Flush() error {
	if w.csv != nil {
		w.csv.Flush()
		if err := w.csv.Error(); err != nil {
			return err
		}
	}
	return w.out.Flush()
}

func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
