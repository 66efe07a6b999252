package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/userfile"
)

const (
	importBatch = 500         // lines of one transaction
	outageTime  = time.Minute // for which a store that does not answer is asked again
)

// importing is one run of an import. It keeps no state of its own that a next run would need: who is in the
// store is there, and a run that meets him says so and goes on.
type importing struct {
	accounts *accounts.Accounts
	dry      bool
	batch    int // lines of one transaction
	source   string
	users    *userfile.Reader
	repeats  *userfile.Repeats
	report   *importReport
	progress *progress
	stderr   io.Writer
	now      func() time.Time
	tally    tally
}

// chunk is what is read while the one before it is written.
type chunk struct {
	lines []userfile.Line
	bytes int64 // of the file, so far
	err   error // what ended the reading
}

// all imports the file from its beginning to its end, or to the first error. Whatever ends it, the lines
// that it counted are dealt with, and the same command goes on with the others.
func (i *importing) all(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	chunks := make(chan chunk, 2)
	go i.read(ctx, chunks)
	defer i.progress.clear()
	for {
		// A read cannot be interrupted, so it is not waited for.
		select {
		case <-ctx.Done():
			return unfinished(context.Cause(ctx))
		case c := <-chunks:
			if err := i.take(ctx, c); err != nil {
				return unfinished(err)
			}
			if c.err != nil {
				return i.ended(c.err)
			}
		}
	}
}

// unfinished says how to go on.
func unfinished(err error) error {
	return fmt.Errorf("%w. What was counted is done: the same command goes on from there", err)
}

// ended is the error of a file that was read as far as it can be.
func (i *importing) ended(err error) error {
	var broken *userfile.BrokenError
	if errors.As(err, &broken) {
		return errors.Join(err, i.report.add(refusedLine{Line: broken.Line, Reason: "file_broken", Text: broken.Text}), i.report.flush())
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return unfinished(err)
}

func (i *importing) read(ctx context.Context, chunks chan<- chunk) {
	for over := false; !over; {
		var c chunk
		for len(c.lines) < i.batch && c.err == nil {
			var line userfile.Line
			if line, c.err = i.users.Next(); c.err == nil {
				c.lines = append(c.lines, line)
			}
		}
		c.bytes, over = i.users.Bytes(), c.err != nil
		select {
		case <-ctx.Done():
			return
		case chunks <- c:
		}
	}
}

// take deals with the lines of one chunk.
func (i *importing) take(ctx context.Context, c chunk) error {
	if err := i.refuseRepeated(c.lines); err != nil {
		return err
	}
	var users []accounts.Imported
	for k := range c.lines {
		if line := &c.lines[k]; line.Reason == "" {
			line.User.Source = fmt.Sprintf("%s:%d", i.source, line.Number)
			users = append(users, line.User)
		}
	}
	results, err := i.persist(ctx, users)
	if err != nil {
		return err
	}
	for k := range c.lines {
		result := accounts.ImportResult{Reason: c.lines[k].Reason, Text: c.lines[k].Text}
		if result.Reason == "" {
			result, results = results[0], results[1:]
		}
		if err := i.count(&c.lines[k], result); err != nil {
			return err
		}
	}
	i.progress.show(c.bytes, i.tally.lines)
	return i.report.flush()
}

// refuseRepeated marks the lines whose name or id stands further up, whatever became of that line.
func (i *importing) refuseRepeated(lines []userfile.Line) error {
	var marks []userfile.Mark
	var owners []int // :: mark → index of its line
	for k := range lines {
		line := &lines[k]
		name, err := accounts.MapUsername(line.User.Username)
		if err != nil || line.Reason != "" {
			continue
		}
		marks, owners = append(marks, userfile.Mark{Value: "name " + name, Line: line.Number}), append(owners, k)
		if !line.User.ID.IsZero() {
			marks, owners = append(marks, userfile.Mark{Value: "id " + line.User.ID.String(), Line: line.Number}), append(owners, k)
		}
	}
	first, err := i.repeats.First(marks)
	if err != nil {
		return err
	}
	for m, k := range owners {
		if first[m] != marks[m].Line && lines[k].Reason == "" {
			what := "the name, as it is mapped,"
			if marks[m].Value[0] == 'i' {
				what = "the id"
			}
			lines[k].Fault = userfile.Fault{Reason: "repeated", Text: fmt.Sprintf("%s stands on line %d already", what, first[m])}
		}
	}
	return nil
}

// persist imports a batch, again and again while the store does not answer: a database that fails over must
// not cost somebody the night.
func (i *importing) persist(ctx context.Context, users []accounts.Imported) ([]accounts.ImportResult, error) {
	if len(users) == 0 {
		return nil, nil
	}
	began, said := i.now(), false
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		results, err := i.once(ctx, users)
		if err == nil || auth.KindOf(err) != auth.Unavailable {
			return results, err
		}
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		if i.now().Sub(began) > outageTime {
			return nil, err
		}
		if !said && pause > time.Second {
			i.progress.clear()
			fmt.Fprintln(i.stderr, "the store does not answer: trying on for a minute")
			said = true
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

func (i *importing) once(ctx context.Context, users []accounts.Imported) ([]accounts.ImportResult, error) {
	if i.dry {
		return i.accounts.RehearseImport(ctx, users)
	}
	return i.accounts.Import(ctx, users, byCommand)
}

// count adds a line to the sums, and to the report if it was refused.
func (i *importing) count(line *userfile.Line, result accounts.ImportResult) error {
	i.tally.lines++
	switch result.Outcome {
	case accounts.Added:
		i.tally.added++
		i.tally.greatest = max(i.tally.greatest, result.Cost)
		return nil
	case accounts.WasThere:
		i.tally.there++
		return nil
	}
	i.tally.refused[result.Reason]++
	refused := refusedLine{Line: line.Number, Username: shownName(line.User.Username, result.Username), Reason: result.Reason, Text: result.Text}
	if i.report.none() {
		i.say(refused)
	}
	return i.report.add(refused)
}

// mostSaid is how many refusals a terminal is shown.
const mostSaid = 20

// say shows a refusal to who asked for no report.
func (i *importing) say(r refusedLine) {
	switch n := i.tally.allRefused(); {
	case n > mostSaid+1:
	case n == mostSaid+1:
		i.progress.clear()
		fmt.Fprintln(i.stderr, "and more: --report FILE has them all")
	default:
		i.progress.clear()
		fmt.Fprintln(i.stderr, r)
	}
}
