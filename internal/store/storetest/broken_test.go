package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/sqlite"
)

// defect breaks a store that works, in one way.
type defect struct {
	name   string
	breaks func(*broken)
}

// defects are by the claim that must catch them. All are faults that somebody has made, or could.
var defects = merge(
	loadDefects, clockDefects, rotateDefects, endDefects, feedDefects, headDefects, followDefects,
	changeDefects, refusalDefects, userDefects, nameDefects, keyringDefects, collectDefects, recordDefects,
	raceDefects, cancelDefects, standingDefects, resetDefects, deleteDefects, restoreDefects, clientDefects, throttleDefects,
	importDefects,
)

// A claim that no broken store fails may be one that cannot fail.
func TestEveryClaimCatchesItsDefects(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of stores")
	}
	t.Parallel()
	named := make(map[string]bool)
	for _, c := range claims() {
		named[c.name] = true
		if len(defects[c.name]) == 0 {
			t.Errorf("no broken store is known that fails the claim %q", c.name)
		}
		for _, d := range defects[c.name] {
			t.Run(c.name+"/"+d.name, func(t *testing.T) {
				t.Parallel()
				complaints := tryBroken(t, c, d)
				if len(complaints) == 0 {
					t.Errorf("the claim %q holds for a store with this defect: %s", c.name, d.name)
				}
				for _, text := range complaints[:min(1, len(complaints))] {
					t.Logf("caught: %s", strings.SplitN(text, "\n", 2)[0])
				}
			})
		}
	}
	for name := range defects {
		if !named[name] {
			t.Errorf("defects are listed for %q, which nobody claims", name)
		}
	}
}

// What wraps the broken stores must not break them.
func TestEveryClaimHoldsWithoutADefect(t *testing.T) {
	t.Parallel()
	for _, c := range claims() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, text := range tryBroken(t, c, defect{"none", func(*broken) {}}) {
				t.Error(text)
			}
		})
	}
}

// tryBroken runs a claim against a store with a defect, and returns what the claim complained of.
func tryBroken(t *testing.T, c claim, d defect) []string {
	path := filepath.Join(t.TempDir(), "authd.db")
	if err := os.WriteFile(path, empty(), 0o600); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	var looks atomic.Int64
	handles := 0
	open := func(tb testing.TB) Store {
		b := wrap(tb, openSQLite(t, path), raw, &looks)
		handles++
		b.second = handles > 1
		d.breaks(b)
		return b
	}
	f := Fixture{Store: open(t), Again: open, Entries: func(ctx context.Context, after int64) ([]revocation.Entry, revocation.Head, error) {
		looks.Add(1)
		return readFeed(ctx, raw, after)
	}, Vouch: func(ctx context.Context, asOf time.Time) error {
		_, err := raw.ExecContext(ctx, `update feed_head set as_of = ?`, asOf.UnixMicro())
		return err
	}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := &recorder{ctx: ctx}
	done := make(chan struct{})
	go func() { // Fatalf ends its goroutine
		defer close(done)
		c.prove(newTrial(r, t, f, c.bare))
	}()
	<-done
	return r.complaints
}

// recorder is a T that writes failures down instead of failing.
type recorder struct {
	ctx context.Context

	mu         sync.Mutex // guards complaints: claims have goroutines
	complaints []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Logf(string, ...any)      {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complaints = append(r.complaints, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func openSQLite(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// empty is a migrated file with nothing in it, for all to begin with.
var empty = sync.OnceValue(func() []byte {
	dir, err := os.MkdirTemp("", "authd-storetest-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path, ctx := filepath.Join(dir, "authd.db"), context.Background()
	s, err := sqlite.Open(ctx, sqlite.Config{Path: path, Now: time.Now})
	if err != nil {
		panic(err)
	}
	// The close moves everything into the file.
	if err := errors.Join(s.Migrate(ctx), s.Close()); err != nil {
		panic(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return file
})

func merge(lists ...map[string][]defect) map[string][]defect {
	all := make(map[string][]defect)
	for _, list := range lists {
		for name, defects := range list {
			all[name] = append(all[name], defects...)
		}
	}
	return all
}
