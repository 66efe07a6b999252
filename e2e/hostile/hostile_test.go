//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/authd/authd/internal/store/pgtest"
)

// program is the built authd.
var program string

func TestMain(m *testing.M) {
	os.Exit(withProgram(m))
}

func withProgram(m *testing.M) int {
	folder, err := os.MkdirTemp("", "authd-hostile-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if program, err = build(context.Background(), "../..", folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// The whole of it, small: six hundred requests of strangers and as many of insiders on each store.
func TestHostileRequestsChangeNothingAndFindNoFault(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("two processes on each store, which the round without -short starts")
	}
	for _, p := range []plan{{store: "sqlite"}, {store: "postgres"}} {
		t.Run(p.store, func(t *testing.T) {
			t.Parallel()
			if p.store == "postgres" {
				p.url = pgtest.New(t)
			}
			p.throttled, p.requests, p.first, p.insiders = true, 1_200, blockSize-600, 2
			r, err := carryOut(t.Context(), p, theContract(t), 1, program, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range r.faults {
				t.Error(fault)
			}
			if len(r.operations) < 40 || len(r.samples) != 2 || r.lines < 500 {
				t.Errorf("%d operations, %d samples, %d lines of log: that is no attack", len(r.operations), len(r.samples), r.lines)
			}
		})
	}
}

// once, because reading it takes longer than most of what is tested with it.
var once = sync.OnceValues(func() (*contract, error) { return readContract("../../openapi.yaml") })

func theContract(t testing.TB) *contract {
	t.Helper()
	c, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// nobody is a cast that no authd knows.
func nobody() *cast {
	a := &account{name: "ada", id: "00000000-0000-7000-8000-000000000001", access: "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl", refresh: "art_" + strings.Repeat("B", 92),
		session: strings.Repeat("s", 22), machine: strings.Repeat("j", 16), reset: "apr_" + strings.Repeat("C", 64), parent: "art_" + strings.Repeat("D", 92)}
	s := &slot{}
	s.Store(a)
	return &cast{admin: adminToken, victims: []*account{a}, insiders: []*slot{s}, dead: []*account{a}, machine: client{"m", "acs_m", a.access},
		prey: client{"p", "acs_p", a.access}, forged: []string{"a.b.c"}, kids: []string{"k"}, page: "p.a.ge", cursors: []string{"f.0.0"}, public: "127.0.0.1:1", private: "127.0.0.1:2"}
}
