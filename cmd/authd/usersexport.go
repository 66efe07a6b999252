package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/userfile"
)

type usersExportCmd struct {
	deskSettings
	File   string `arg:"" optional:"" help:"File to make, readable by its owner alone. It must not exist. Without one: standard output."`
	Format string `words:"csv ndjson" placeholder:"FORMAT" otherwise:"by the ending of the file's name, else ndjson" help:"How it is written: csv, or ndjson, an object a line."`
	Hashes bool   `help:"Write the password hashes, too. Keep such a file as you keep the database."`
}

// Run writes all users by name. A file is there whole, or not at all.
func (c *usersExportCmd) Run(ctx context.Context, p process) (err error) {
	format := userfile.NDJSON
	if told, err := formatOf(c.Format, c.File); err == nil {
		format = told
	} else if c.File != "" && c.File != stdinName {
		return err
	}
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		var counts exported
		write := func(out io.Writer) (err error) {
			counts, err = c.write(ctx, d.users, out, format)
			return err
		}
		if c.File == "" || c.File == stdinName {
			err = write(p.stdout)
		} else {
			err = makeFile(c.File, write)
		}
		if cause := context.Cause(ctx); cause != nil && err != nil {
			return cause
		}
		if err != nil {
			return err
		}
		return counts.tell(p.stderr, c.Hashes)
	})
}

// exported counts what was written.
type exported struct{ users, peppered int }

func (c *usersExportCmd) write(ctx context.Context, users *accounts.Accounts, out io.Writer, format userfile.Format) (n exported, err error) {
	w, err := userfile.NewWriter(out, format, c.Hashes)
	if err != nil {
		return n, err
	}
	err = users.Export(ctx, c.Hashes, byCommand, func(u accounts.Credentials) error {
		if n.users++; isPeppered(u.PasswordHash) {
			n.peppered++
		}
		return w.Write(u)
	})
	return n, errors.Join(err, w.Flush())
}

func isPeppered(hash string) bool {
	version, ok := password.PepperVersion(hash)
	return ok && version > 0
}

// tell says on standard error what the file cannot say of itself.
func (n exported) tell(out io.Writer, hashes bool) error {
	_, err := fmt.Fprintf(out, "exported %d users\n", n.users)
	if err == nil && !hashes {
		_, err = fmt.Fprintln(out, "without password hashes: --hashes writes them, too")
	}
	if err == nil && n.peppered > 0 {
		_, err = fmt.Fprintf(out, "%d of the hashes are authd's own, made with this store's pepper: of no use elsewhere, not even to another authd. To move them, move the database\n", n.peppered)
	}
	return err
}

// makeFile has a file written that only its owner may read. It appears whole, or not at all, and takes
// nobody's place.
func makeFile(name string, write func(io.Writer) error) error {
	taken := fmt.Errorf("%s exists already, and is left as it is: name another file", name)
	if _, err := os.Lstat(name); err == nil {
		return taken
	}
	draft, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*") // O_EXCL, 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	if err := write(draft); err != nil {
		return errors.Join(err, draft.Close())
	}
	if err := errors.Join(draft.Sync(), draft.Close()); err != nil {
		return err
	}
	// A link, unlike a rename, fails where another process was first.
	if err := os.Link(draft.Name(), name); errors.Is(err, fs.ErrExist) {
		return taken
	} else if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(name))
}
