//go:build linux

package main

import (
	"os"
	"strings"
	"testing"
)

func TestAnAnswersHeadIsRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		head           string
		status, length int
		fails          bool
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX: y", 200, 12, false},
		{"HTTP/1.1 204 No Content\r\nX: y", 204, 0, false},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", 0, 0, true},
		{"HTTP", 0, 0, true},
	} {
		status, length, err := head([]byte(c.head))
		if status != c.status || length != c.length || (err != nil) != c.fails {
			t.Errorf("%q: got %d, %d, %v", c.head, status, length, err)
		}
	}
}

func TestProcAnswersForThisProcess(t *testing.T) {
	t.Parallel()
	parent, _, err := stat(os.Getpid())
	if err != nil || parent != os.Getppid() {
		t.Errorf("got parent %d, error %v, want %d", parent, err, os.Getppid())
	}
	if mib, err := residentMiB(os.Getpid()); err != nil || mib < 1 {
		t.Errorf("got %v MiB, error %v", mib, err)
	}
}

func TestAListOfPartsIsTakenWordForWord(t *testing.T) {
	t.Parallel()
	parts, err := chosen("storm,loads")
	if err != nil || len(parts) != 2 || parts[0].name != "storm" {
		t.Errorf("got %v, error %v", parts, err)
	}
	if _, err := chosen("storms"); err == nil || !strings.Contains(err.Error(), "growth, loads") {
		t.Errorf("an unknown part: got %v", err)
	}
}
