//go:build linux

package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

func TestWhatIsAskedWronglyIsRefusedBeforeAnythingRuns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-lnog"}, "not defined: -lnog"},
		{[]string{"long"}, `what is "long"?`},
		{[]string{"-only", "storms"}, `no part "storms"`},
		{[]string{"-only", "storm", "-o", "."}, "gaps"},
		{[]string{"-o", t.TempDir() + "/none"}, "none"},
		{nil, "in the folder e2e"}, // tests run one folder deeper
	} {
		var out, progress strings.Builder
		err := run(t.Context(), c.args, &out, &progress)
		if err == nil || !strings.Contains(err.Error(), c.want) || out.Len()+progress.Len() > 0 {
			t.Errorf("%q: got %v, and printed %q", c.args, err, out.String()+progress.String())
		}
	}
}

func TestHelpIsNoFault(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"-h", "--help"} {
		var out strings.Builder
		if err := run(t.Context(), []string{arg}, &out, io.Discard); err != nil || strings.Count(out.String(), "-long") != 1 {
			t.Errorf("%s: got %v, and printed %q", arg, err, out.String())
		}
	}
}

func TestAFolderThatCanBeWrittenIntoIsLeftAsItWas(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := writable(folder); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left %v, error %v", left, err)
	}
}
