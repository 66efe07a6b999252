//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/userfile"
)

// usersCSV is a file of n users.
func usersCSV(n int) string {
	var file strings.Builder
	file.WriteString("username,password_hash\n")
	for i := range n {
		fmt.Fprintf(&file, "user-%06d@example.com,$2b$10$%022dabcdefghijklmnopqrstuuytyvD59Wd\n", i, i)
	}
	return file.String()
}

// cutStore fails one call of those that an import makes, before the call or after it was carried out.
type cutStore struct {
	accounts.Store
	calls, cutAt int
	after        bool
	with         error
}

// cut counts a call, and says whether it is the one.
func (s *cutStore) cut(do func() error) error {
	s.calls++
	if s.calls != s.cutAt {
		return do()
	}
	if s.after {
		if err := do(); err != nil {
			return err
		}
	}
	return s.with
}

func (s *cutStore) Present(ctx context.Context, wanted []accounts.Wanted) (p accounts.Present, err error) {
	err = s.cut(func() (err error) { p, err = s.Store.Present(ctx, wanted); return err })
	return p, err
}

func (s *cutStore) RaiseGreatestCost(ctx context.Context, cost int) error {
	return s.cut(func() error { return s.Store.RaiseGreatestCost(ctx, cost) })
}

func (s *cutStore) AddUsers(ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
	return s.cut(func() error { return s.Store.AddUsers(ctx, users, told) })
}

// importer is a run over a file.
func importer(t testing.TB, store accounts.Store, file io.Reader) *importing {
	t.Helper()
	users, err := accounts.New(accounts.Config{Store: store, Cost: 10, Now: time.Now, Random: rand.Reader,
		Sessions: struct{ accounts.Sessions }{}, Hasher: struct{ accounts.Hasher }{}}) // an import opens and hashes nothing
	if err != nil {
		t.Fatal(err)
	}
	reader, err := userfile.NewReader(file, userfile.CSV)
	if err != nil {
		t.Fatal(err)
	}
	repeats, err := userfile.NewRepeats(nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &importing{accounts: users, batch: importBatch, source: "users.csv", users: reader, repeats: repeats, report: &importReport{},
		progress: newProgress(io.Discard, 0, time.Now), stderr: io.Discard, now: time.Now, tally: tally{refused: map[string]int{}}}
}

// An import dies at every step, before it and after it, and the same command finishes the work. What is there
// in the end is each user once, and once who made them.
func TestAnImportThatDiesAnywhereGoesOn(t *testing.T) {
	t.Parallel()
	const n, steps = 10, 9 // three batches of three calls
	died := errors.New("died")
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		store := open(t)
		for cutAt := 1; cutAt <= steps; cutAt++ {
			for _, after := range []bool{false, true} {
				prefix := fmt.Sprintf("cut-%d-%t-", cutAt, after)
				file := strings.ReplaceAll(usersCSV(n), "user-", prefix)
				first := importer(t, &cutStore{Store: store, cutAt: cutAt, after: after, with: died}, strings.NewReader(file))
				second := importer(t, store, strings.NewReader(file))
				first.batch, second.batch = 4, 4
				if err := first.all(t.Context()); !errors.Is(err, died) {
					t.Fatalf("cut at %d: got %v", cutAt, err)
				}
				if err := second.all(t.Context()); err != nil || second.tally.there+second.tally.added != n || second.tally.there < first.tally.added {
					t.Errorf("cut at %d, after it %t: %+v, then %+v, %v", cutAt, after, first.tally, second.tally, err)
				}
				eachOnce(t, store, prefix, "users.csv", n)
			}
		}
	})
}

// eachOnce checks that n users of a prefix are there, with one record each.
func eachOnce(t *testing.T, store interface {
	accounts.Store
	audit.Store
}, prefix, source string, n int) {
	t.Helper()
	list, err := store.CredentialsAfter(t.Context(), prefix, n)
	if err != nil || len(list) != n || !strings.HasPrefix(list[n-1].Username, prefix) {
		t.Fatalf("%s: %d users, want %d; %v", prefix, len(list), n, err)
	}
	for i, u := range list { // by name, which is the order of the file
		records, err := store.Records(t.Context(), audit.Query{User: u.ID, Limit: 10})
		if want := fmt.Sprintf("%s:%d", source, i+2); err != nil || len(records) != 1 || records[0].Subject != want {
			t.Fatalf("%s: got %+v, %v, want one from %s", u.Username, records, err, want)
		}
	}
}

// The shipped program is killed, and interrupted, with half of the file read and a part of it written.
func TestAnImportThatIsKilledGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, err := startServer(dir, nil) // beside which all this happens
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.cmd.Process.Kill() })
	if err := server.await("serving"); err != nil {
		t.Fatal(err)
	}
	store, err := (&storeSettings{DataDir: filepath.Join(dir, "authd-data")}).open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	file := usersCSV(1700)
	start := func(stdin io.Reader) (*exec.Cmd, *bytes.Buffer) {
		said := new(bytes.Buffer)
		cmd := exec.Command(filepath.Join(binary, "authd"), "users", "import", "-", "--format=csv")
		cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, []string{}, stdin, said, said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, said
	}
	for _, cut := range []struct {
		users int
		how   os.Signal
	}{{500, os.Kill}, {1000, os.Interrupt}} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd, said := start(reader)
		reader.Close()
		if _, err := io.WriteString(writer, file[:strings.Index(file, fmt.Sprintf("user-%06d", cut.users+100))]); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < cut.users; { // what is committed, by its own handle
			list, err := store.CredentialsAfter(t.Context(), "", 2000)
			if n = len(list); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Process.Signal(cut.how); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Errorf("%v: ended well", cut.how)
		}
		writer.Close()
		if cut.how == os.Interrupt && !strings.Contains(said.String(), "signal: interrupt. What was counted is done: the same command goes on from there") {
			t.Errorf("said %s", said)
		}
	}
	cmd, said := start(strings.NewReader(file))
	if err := cmd.Wait(); err != nil || !strings.Contains(said.String(), "imported: 700\n  greatest cost: 10\nthere already: 1000\n") {
		t.Errorf("%v: said %s", err, said)
	}
	eachOnce(t, store, "user-", "standard input", 1700)
	if err := server.end(syscall.SIGINT); err != nil {
		t.Error(err)
	}
}

// A database that fails over, or that tells nobody how a commit ended, costs a pause.
func TestAnImportOutlastsAStoreThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		store := everystore.OnSQLite(t)(t)
		run := importer(t, &cutStore{Store: store, cutAt: 3, after: after, with: auth.ErrUnavailable}, strings.NewReader(usersCSV(700)))
		if err := run.all(t.Context()); err != nil || run.tally.added+run.tally.there != 700 {
			t.Errorf("got %+v, %v", run.tally, err)
		}
		eachOnce(t, store, "user-", "users.csv", 700)
	}
}

// A pipe into which nobody writes any more holds nobody who presses Ctrl-C, and what was read is in.
func TestAnImportIsInterruptedWhileItReads(t *testing.T) {
	t.Parallel()
	store := everystore.OnSQLite(t)(t)
	pipe, writer := io.Pipe()
	t.Cleanup(func() { writer.Close() })
	ctx, stop := context.WithCancelCause(t.Context())
	go func() { _, _ = io.WriteString(writer, usersCSV(700)) }()
	run := importer(t, store, pipe)
	run.progress = &progress{out: stopsAt{stop}, now: run.now} // shows at once, after the first batch
	err := run.all(ctx)
	if err == nil || !strings.Contains(err.Error(), "stopped here") || !strings.Contains(err.Error(), "the same command goes on") {
		t.Errorf("got %v", err)
	}
	if list, err := store.CredentialsAfter(t.Context(), "", 1000); err != nil || len(list) != run.batch || run.tally.added != run.batch {
		t.Errorf("%d users are in, %d were counted, %v", len(list), run.tally.added, err)
	}
}

// stopsAt ends a context when something is written.
type stopsAt struct{ stop context.CancelCauseFunc }

func (s stopsAt) Write(b []byte) (int, error) {
	s.stop(errors.New("stopped here"))
	return len(b), nil
}

// What two lines share is refused on the second, however far below and whatever became of the first, by a
// rehearsal too, which finds neither in the store.
func TestWhatIsRepeatedInAFileIsRefusedWithItsFirstLine(t *testing.T) {
	t.Parallel()
	file := usersCSV(1100) + "USER-000007@example.com,$2b$10$" + strings.Repeat("a", 53) + "\n" + "user-000600@example.com,nothing\n"
	file = strings.Replace(file, "user-000600@example.com,$2b$10$", "user-000600@example.com,$1$", 1)
	for _, dry := range []bool{true, false} {
		run := importer(t, everystore.OnSQLite(t)(t), strings.NewReader(file))
		var said bytes.Buffer
		run.dry, run.stderr = dry, &said
		if err := run.all(t.Context()); err != nil {
			t.Fatal(err)
		}
		if run.tally.added != 1099 || run.tally.refused["repeated"] != 2 || run.tally.refused["hash_unsupported"] != 1 {
			t.Errorf("dry %t: %+v", dry, run.tally)
		}
		for _, want := range []string{"line 1102, USER-000007@example.com: repeated: the name, as it is mapped, stands on line 9 already",
			"line 1103, user-000600@example.com: repeated: the name, as it is mapped, stands on line 602 already"} {
			if !strings.Contains(said.String(), want) {
				t.Errorf("dry %t: got %s, without %q", dry, said.String(), want)
			}
		}
	}
}

func TestAReportTakesNobodysPlaceButAReports(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "report")
	for text, want := range map[string]bool{"": true, `{"line":7,"reason":"x"}` + "\n": true, `{"username":"ann"}`: false, "x": false, `{"li`: false} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := openReport(name, strings.NewReader(""))
		if (err == nil) != want {
			t.Errorf("%q: got %v", text, err)
		}
		if err != nil {
			if now, _ := os.ReadFile(name); string(now) != text {
				t.Errorf("%q became %q", text, now)
			}
			continue
		}
		if err := errors.Join(r.add(refusedLine{Line: 3, Reason: "x", Text: "y"}), r.close()); err != nil {
			t.Error(err)
		}
		now, err := os.ReadFile(name)
		info, statErr := os.Stat(name)
		if err != nil || statErr != nil || string(now) != `{"line":3,"reason":"x","text":"y"}`+"\n" || info.Mode().Perm() != 0o600 {
			t.Errorf("%q became %q with %v, %v", text, now, info.Mode(), err)
		}
	}
	if _, err := openReport(dir, strings.NewReader("")); err == nil {
		t.Error("a folder is a report")
	}
}

func TestWhatMayBeAHashIsNotShownAsAName(t *testing.T) {
	t.Parallel()
	const hash = "$2b$10$RNdZKw1LNUWYVy9m7Ot2FeaQO.hMbLDM0GeyZ1Qsfb.h9SB9g2Dla"
	for _, c := range []struct{ typed, mapped, want string }{
		{"Ann", "ann", "ann"}, {"a b", "", "a b"}, {hash, "", ""}, {"ann:" + hash, "ann:" + strings.ToLower(hash), ""},
		{"5f4dcc3b5aa765d61d8327deb882cf99", "5f4dcc3b5aa765d61d8327deb882cf99", ""}, {"\xff", "", ""}, {strings.Repeat("a", 129), "", ""},
	} {
		if got := shownName(c.typed, c.mapped); got != c.want {
			t.Errorf("%q: got %q, want %q", c.typed, got, c.want)
		}
	}
}

func TestProgressIsABarOnATerminalAndALineNowAndThenElsewhere(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	at := time.Unix(0, 0)
	p := &progress{out: &out, total: 1000, now: func() time.Time { return at }, began: at, shown: at}
	for range 8 {
		at = at.Add(2 * time.Second)
		p.show(250, 5000)
	}
	p.clear()
	if got, want := out.String(), "25%  5000 lines, 833 a second, 18s left\n25%  5000 lines, 417 a second, 36s left\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	out.Reset()
	p.bar, p.began, p.shown = true, at, at
	at = at.Add(time.Second)
	p.show(500, 5000)
	p.show(500, 5000)
	p.clear()
	p.clear()
	if got, want := out.String(), "\r[###############...............]  50%  5000 lines, 5000 a second, 1s left\x1b[K\r\x1b[K"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (&progress{}).text(0, 100, time.Second), "100 lines, 100 a second"; got != want {
		t.Errorf("of a pipe: got %q, want %q", got, want)
	}
}

func TestAFileIsMadeWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "out")
	full := errors.New("disk full")
	half := func(out io.Writer) error { _, _ = io.WriteString(out, "half"); return full }
	whole := func(out io.Writer) error { _, err := io.WriteString(out, "whole"); return err }
	if err := makeFile(name, half); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	late := func(out io.Writer) error {
		return errors.Join(os.WriteFile(name, []byte("another's"), 0o600), whole(out))
	}
	if err := makeFile(name, late); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("another process was first: got %v", err)
	}
	if text, _ := os.ReadFile(name); string(text) != "another's" {
		t.Errorf("got %q", text)
	}
	if err := errors.Join(os.Remove(name), makeFile(name, whole)); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(name)
	if text, _ := os.ReadFile(name); err != nil || string(text) != "whole" || info.Mode().Perm() != 0o600 {
		t.Errorf("got %q with %v, %v", text, info.Mode(), err)
	}
}
