package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/authd/authd/internal/userfile"
)

type usersImportCmd struct {
	deskSettings
	File   string `arg:"" help:"File of users with their bcrypt hashes; - is standard input."`
	Format string `words:"csv ndjson" placeholder:"FORMAT" otherwise:"by the ending of the file's name" help:"How the file is written: csv, or ndjson, an object a line."`
	DryRun bool   `help:"Judge every line, against the store too, and change nothing."`
	Report string `placeholder:"FILE" help:"File for the lines that are refused, an object a line. A report that is there is replaced."`
}

func (usersImportCmd) Help() string {
	return `Members are username and password_hash ($2a$, $2b$ or $2y$, cost up to 14), and if you like id (a UUID), roles ` +
		`(in CSV by blanks), created_at and disabled_at (RFC 3339) and disabled (true or false). A CSV names them in its first ` +
		`line. Interrupt it as you like: the same command goes on, and makes nobody twice. Who is there already is left as he is. ` +
		`It ends with status 0 when every line is in. docs/users.md shows how to get such a file out of other systems.`
}

// Run imports what can be, and says what cannot.
func (c *usersImportCmd) Run(ctx context.Context, p process) (err error) {
	format, err := formatOf(c.Format, c.File)
	if err != nil {
		return err
	}
	in, size, done, err := openUsers(p, c.File)
	if err != nil {
		return err
	}
	defer done()
	report, err := openReport(c.Report, in)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, report.close()) }()
	users, err := userfile.NewReader(in, format)
	if err != nil {
		return err
	}
	scratch, forget := scratchFile()
	defer forget()
	repeats, err := userfile.NewRepeats(scratch, rand.Reader)
	if err != nil {
		return err
	}
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		run := importing{
			accounts: d.users, dry: c.DryRun, batch: importBatch, source: sourceName(c.File), users: users, repeats: repeats, report: report,
			progress: newProgress(p.stderr, size, time.Now), stderr: p.stderr, now: time.Now, tally: tally{refused: map[string]int{}},
		}
		err := run.all(ctx)
		return errors.Join(err, run.tally.tell(p.stdout, c.DryRun))
	})
}

// formatOf settles how a file is written.
func formatOf(said, file string) (userfile.Format, error) {
	if format := userfile.Format(said); format != "" {
		return format, nil
	}
	if format := userfile.FormatOf(file); format != "" {
		return format, nil
	}
	return "", &usageError{errors.New("say --format=csv or --format=ndjson: the name of the file does not tell")}
}

const stdinName = "-"

// openUsers opens a file of users, whose size is 0 if it is not known.
func openUsers(p process, name string) (in io.Reader, size int64, done func(), err error) {
	if name == stdinName {
		file, _ := p.stdin.(*os.File)
		return p.stdin, sizeOf(file), func() {}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, 0, nil, err
	}
	return file, sizeOf(file), func() { _ = file.Close() }, nil
}

func sizeOf(file *os.File) int64 {
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() { // of nil it is an error
		return info.Size()
	}
	return 0
}

// sourceName is what the audit says of where a user comes from.
func sourceName(file string) string {
	const most = 100
	if file == stdinName {
		return "standard input"
	}
	name := filepath.Base(file)
	return strings.ToValidUTF8(name[:min(len(name), most)], "")
}

// scratchFile is a file for the digests of names, which nobody else can open and which goes with the
// process. Where there is no room for one, as in a container that cannot write, the digests stay in memory.
func scratchFile() (file userfile.Scratch, forget func()) {
	made, err := os.CreateTemp("", "authd-import-*")
	if err != nil {
		return nil, func() {}
	}
	_ = os.Remove(made.Name()) // where an open file cannot be removed, the second one does it
	return made, func() {
		_ = made.Close()
		_ = os.Remove(made.Name())
	}
}

// tally counts what became of lines.
type tally struct {
	lines, added, there int
	refused             map[string]int // :: reason → lines
	greatest            int            // cost among the hashes of who was added
}

func (t *tally) allRefused() (n int) {
	for _, count := range t.refused {
		n += count
	}
	return n
}

// tell prints the sums. Its error is what makes the status say that somebody is missing.
func (t *tally) tell(out io.Writer, dry bool) error {
	done := "imported"
	if dry {
		done = "would be imported, and nothing was changed"
	}
	n := t.allRefused()
	_, err := fmt.Fprintf(out, "lines: %d\n%s: %d\n", t.lines, done, t.added)
	if err == nil && t.greatest > 0 {
		// Every refused login costs as much from now on, so whoever runs this should know.
		_, err = fmt.Fprintf(out, "  greatest cost: %d\n", t.greatest)
	}
	if err == nil {
		_, err = fmt.Fprintf(out, "there already: %d\nrefused: %d\n", t.there, n)
	}
	for _, reason := range sortedByCount(t.refused) {
		if err == nil {
			_, err = fmt.Fprintf(out, "  %s: %d\n", reason, t.refused[reason])
		}
	}
	if err == nil && n > 0 {
		err = fmt.Errorf("%d of %d lines were refused", n, t.lines)
	}
	return err
}
