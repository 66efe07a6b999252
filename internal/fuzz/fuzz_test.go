package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	root = "../.."
	page = root + "/docs/fuzzing.md"
)

var declaration = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(`)

// inTree returns folder and name of every target that stands in a file below one of the modules.
func inTree(t *testing.T, modules []string) (targets []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			hidden := strings.HasPrefix(d.Name(), ".") && path != root
			if hidden || d.Name() == "testdata" || d.Name() == "node_modules" {
				return fs.SkipDir
			}
			return nil
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder, err := filepath.Abs(filepath.Dir(path))
		if err != nil {
			return err
		}
		if slices.Contains(modules, moduleOf(folder)) {
			for _, found := range declaration.FindAllStringSubmatch(string(text), -1) {
				targets = append(targets, folder+" "+found[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(targets)
	return targets
}

// moduleOf returns the folder of the module that a folder belongs to.
func moduleOf(folder string) string {
	for ; filepath.Dir(folder) != folder; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
	}
	return ""
}

// A target that is passed over is one that nobody misses.
func TestEveryTargetInTheTreeIsFound(t *testing.T) {
	t.Parallel()
	modules, err := findModules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	targets, err := findTargets(t.Context(), modules)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, target := range targets {
		got = append(got, target.dir+" "+target.name)
	}
	slices.Sort(got)
	if diff := cmp.Diff(inTree(t, modules), got); diff != "" || len(got) == 0 {
		t.Errorf("%d targets (-in the tree +found):\n%s", len(got), diff)
	}
}

var row = regexp.MustCompile("(?m)^\\| ([^|]+) \\| `(Fuzz\\w+)` in `([^`]+)` \\| ([^|]+) \\|$")

func TestThePageSaysWhatEveryTargetHolds(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, found := range row.FindAllStringSubmatch(string(text), -1) {
		folder, err := filepath.Abs(filepath.Join(root, found[3]))
		if err != nil {
			t.Fatal(err)
		}
		if target := folder + " " + found[2]; !slices.Contains(got, target) { // one may hold several decoders
			got = append(got, target)
		}
	}
	slices.Sort(got)
	all := inTree(t, everyModule(t))
	if diff := cmp.Diff(all, got); diff != "" {
		t.Errorf("%s (-in the tree +on the page):\n%s", page, diff)
	}
	if _, _, found := strings.Cut(string(text), resultsBegin); !found {
		t.Errorf("%s has no place for results", page)
	}
}

// everyModule returns the modules of the tree, whatever the workspace is.
func everyModule(t *testing.T) (modules []string) {
	t.Helper()
	for _, pattern := range []string{"go.mod", "*/go.mod", "*/*/go.mod"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			folder, err := filepath.Abs(filepath.Dir(file))
			if err != nil {
				t.Fatal(err)
			}
			modules = append(modules, folder)
		}
	}
	return modules
}

const (
	corpus = "fuzz: elapsed: 0s, gathering baseline coverage: 0/9 completed\nfuzz: elapsed: 3s, gathering baseline coverage: 7/9 completed\n"
	ran    = corpus +
		"fuzz: elapsed: 3s, execs: 1200 (400/sec), new interesting: 1 (total: 10)\n" +
		"fuzz: elapsed: 5s, execs: 2345 (500/sec), new interesting: 4 (total: 13)\n"
	deadline = "--- FAIL: FuzzX (5.01s)\n    context deadline exceeded\nFAIL\n"
	failure  = "--- FAIL: FuzzX (1.20s)\n    --- FAIL: FuzzX (0.00s)\n        x_test.go:9: wrong\n    \n" +
		"    Failing input written to testdata/fuzz/FuzzX/0123456789abcdef\n    To re-run:\n    go test -run=FuzzX/0123456789abcdef\nFAIL\n"
)

func TestWhatATargetPrintsIsUnderstood(t *testing.T) {
	t.Parallel()
	exit := errors.New("exit status 1")
	for name, test := range map[string]struct {
		output       string
		err          error
		execs, fresh int64
		failed       bool
	}{
		"it passed":                           {ran + "PASS\n", nil, 2345, 4, false},
		"it failed":                           {ran + failure, exit, 2345, 4, true},
		"a seed failed":                       {"--- FAIL: FuzzX (0.00s)\n    --- FAIL: FuzzX/seed#0 (0.00s)\nFAIL\n", exit, 0, 0, true},
		"it crashed":                          {ran + "fatal error: out of memory\n", exit, 2345, 4, true},
		"it ran out of time":                  {ran + deadline, exit, 2345, 4, false},
		"it failed as it ran out of time":     {ran + failure + deadline, exit, 2345, 4, true},
		"the time was too short for more":     {corpus + "PASS\n", nil, 7, 0, false},
		"it was not instrumented":             {"warning: the test binary was not built with coverage instrumentation, so fuzzing will\n" + ran + "PASS\n", nil, 2345, 4, true},
		"it was never run, and yet it passed": {"PASS\n", nil, 0, 0, true},
		"it did not end":                      {ran, errors.New("it did not end by itself"), 2345, 4, true},
	} {
		r := readResult(target{name: "FuzzX"}, test.output, time.Second, test.err)
		if r.execs != test.execs || r.fresh != test.fresh || (r.fault != "") != test.failed {
			t.Errorf("%s: got %d executions, %d new, fault %q", name, r.execs, r.fresh, r.fault)
		}
		summary := summarise([]result{{execs: 5}, r})
		if summary.execs != 5+test.execs || (summary.err() != nil) != test.failed {
			t.Errorf("%s: got %+v, %v", name, summary, summary.err())
		}
	}
}

func TestTheResultsOfAPageAreReplacedAndNothingElse(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(file, []byte("# By hand\n\n"+resultsBegin+"\nold\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &plan{total: time.Hour, parallel: 2}
	results := []result{{target: target{name: "FuzzX", path: "github.com/authd/authd/internal/x"}, execs: 1000, fresh: 3, took: 2 * time.Second, fault: "it failed"}}
	for range 2 {
		if err := writePage(file, p, results); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(got)
	if !strings.HasPrefix(text, "# By hand\n\n"+resultsBegin) || strings.Contains(text, "old") || strings.Count(text, "FuzzX") != 1 ||
		!strings.Contains(text, "| `FuzzX` | internal/x | 1000 | 500 | 3 | **yes** |") {
		t.Errorf("got:\n%s", text)
	}
	if err := writePage(page[:len(page)-len("fuzzing.md")]+"design.md", p, results); err == nil {
		t.Error("a page without a place for results was written")
	}
}

func TestAPlanThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-time", "0"}, {"-time", "-1s"}, {"-time", "10"}, {"-parallel", "0"}, {"-run", "("}, {"more"}} {
		if p, err := parseFlags(args, io.Discard); err == nil {
			t.Errorf("%q: got %+v", args, p)
		}
	}
}

func TestTimeIsSharedEquallyByWhoWasAskedFor(t *testing.T) {
	t.Parallel()
	all := []target{{name: "FuzzOne"}, {name: "FuzzTwo"}, {name: "FuzzTwoMore"}}
	for _, test := range []struct {
		only  string
		total time.Duration
		names int
		share time.Duration
		fault string
	}{
		{"", 30 * time.Second, 3, 10 * time.Second, ""},
		{"Two", 30 * time.Second, 2, 15 * time.Second, ""},
		{"^FuzzTwo$", time.Second, 1, time.Second, ""},
		{"", 2 * time.Second, 0, 0, "too little"},
		{"Three", time.Hour, 0, 0, "no target"},
	} {
		p := plan{total: test.total, only: regexp.MustCompile(test.only)}
		chosen, share, err := p.divide(all)
		if len(chosen) != test.names || share != test.share || (err == nil) != (test.fault == "") || err != nil && !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%q of %v: got %v, %v, %v", test.only, test.total, chosen, share, err)
		}
	}
}
