//go:build unix

package main

import (
	"testing"

	"github.com/authd/authd/internal/store/pgtest"
)

func TestTheCommandGetsADatabase(t *testing.T) {
	t.Setenv(pgtest.EnvURL, "")
	code, err := run([]string{"sh", "-c", `case $TEST_DATABASE_URL in postgres://*) exit 7;; esac`})
	if code != 7 || err != nil {
		t.Errorf("got code %d, %v, want the 7 of a command that found the variable set", code, err)
	}
}

func TestAGivenDatabaseIsLeftAsItIs(t *testing.T) {
	t.Setenv(pgtest.EnvURL, "postgres://somewhere/else")
	code, err := run([]string{"sh", "-c", `test "$TEST_DATABASE_URL" = postgres://somewhere/else`})
	if code != 0 || err != nil {
		t.Errorf("got code %d, %v, want 0", code, err)
	}
}

func TestExitCodesAreThoseOfAShell(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		script string
		want   int
	}{{"exit 0", 0}, {"exit 3", 3}, {"kill -s TERM $$", 143}} {
		code, err := command([]string{"sh", "-c", c.script}, nil)
		if code != c.want || err != nil {
			t.Errorf("%q: got code %d, %v, want %d", c.script, code, err, c.want)
		}
	}
}

func TestACommandThatIsNotThereFails(t *testing.T) {
	t.Parallel()
	if code, err := command([]string{"/no/such/command"}, nil); code != 1 || err == nil {
		t.Errorf("got code %d, %v, want 1 and the reason", code, err)
	}
}
