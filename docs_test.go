package authd_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const casesFile = "docs/threat-cases.md"

// The number of a case stands alone, as in "B9: a hundred at once", or begins the name of a test, as in
// TestB9AHundredAtOnce. What stands in the middle of other text, as in an id, is no case.
var (
	caseAlone  = regexp.MustCompile(`(?m)(?:^|[\s"(/,])([A-J][1-9][0-9]?)(?:[\s"),:;./]|$)`)
	caseInName = regexp.MustCompile(`\bfunc (?:Test|Fuzz)([A-J][1-9][0-9]?)[A-Z]`)
	caseRow    = regexp.MustCompile(`(?m)^\| ([A-J][1-9][0-9]?) \|[^|\n]*\|([^|\n]*)\|$`)
	codeSpan   = regexp.MustCompile("`([^`\n]+)`")
	testName   = regexp.MustCompile(`\bfunc ((?:Test|Fuzz)\w+)\(`)
	claimName  = regexp.MustCompile(`\{name: "([^"]+)", prove:`)
)

func TestEveryCaseThatATestNamesIsListed(t *testing.T) {
	t.Parallel()
	listed := make(map[string]bool)
	for _, row := range caseRow.FindAllStringSubmatch(read(t, casesFile), -1) {
		if listed[row[1]] {
			t.Errorf("%s has %s twice", casesFile, row[1])
		}
		listed[row[1]] = true
	}
	named := make(map[string]string) // :: case → a file that names it
	for file, text := range testFiles(t) {
		for _, c := range casesIn(text) {
			named[c] = file
		}
	}
	if len(named) == 0 {
		t.Fatal("no test names a case: the search is broken")
	}
	for _, c := range slices.Sorted(maps.Keys(named)) {
		if !listed[c] {
			t.Errorf("%s names %s, and %s has no row for it", named[c], c, casesFile)
		}
	}
}

// A list of proofs that do not exist is worse than no list.
func TestEveryProofThatTheListNamesExists(t *testing.T) {
	t.Parallel()
	proofs := proofs(t)
	for _, row := range caseRow.FindAllStringSubmatch(read(t, casesFile), -1) {
		spans := codeSpan.FindAllStringSubmatch(row[2], -1)
		if len(spans) == 0 {
			t.Errorf("%s: %s has no proof", casesFile, row[1])
		}
		for _, span := range spans {
			if !proofs[span[1]] {
				t.Errorf("%s: %s is proved by %q, which is no test, claim or script", casesFile, row[1], span[1])
			}
		}
	}
}

// proofs are the names of all tests, claims and scripts.
func proofs(t *testing.T) map[string]bool {
	t.Helper()
	proofs := make(map[string]bool)
	for file, text := range testFiles(t) {
		if strings.HasSuffix(file, ".txtar") {
			proofs[path.Base(file)] = true
		}
		for _, found := range slices.Concat(testName.FindAllStringSubmatch(text, -1), claimName.FindAllStringSubmatch(text, -1)) {
			proofs[found[1]] = true
		}
	}
	return proofs
}

func TestTheSearchForCasesSeesThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"// B9: a hundred at once":            {"B9"},
		"func TestB9AHundred(t *testing.T) {": {"B9"},
		`{"alg none (A1, A17)", x}, // F3 F4`: {"A1", "A17", "F3", "F4"},
		"B24/I2.":                             {"B24", "I2"},
		`"a.b_c-D9": true, U+00C1, xB2, B200`: nil,
		"func TestASCIIIsKept(t *testing.T)":  nil,
	} {
		if got := casesIn(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// casesIn returns the numbers in text, sorted. Neighbours share a separator, which one search would
// take from the second, so each number is looked at with its own surroundings.
func casesIn(text string) (cases []string) {
	for rest := text; ; {
		at := caseAlone.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		cases = append(cases, rest[at[2]:at[3]])
		rest = rest[at[3]:]
	}
	for _, found := range caseInName.FindAllStringSubmatch(text, -1) {
		cases = append(cases, found[1])
	}
	slices.Sort(cases)
	return slices.Compact(cases)
}

// testFiles returns what tests consist of: test files, scripts, and the suite of the stores, whose
// claims are in files of a package. This file names cases to test the search, and is left out.
func testFiles(t *testing.T) map[string]string {
	t.Helper()
	files := make(map[string]string)
	walk(t, func(file string) {
		ofSuite := strings.HasPrefix(file, "internal/store/storetest/")
		if file != "docs_test.go" && (ofSuite || strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, ".txtar")) {
			files[file] = read(t, file)
		}
	})
	return files
}

var (
	link       = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)
	pathInCode = regexp.MustCompile("`([a-z0-9_.-]+/[A-Za-z0-9_./-]*)`")
)

// A page that sends its reader to a file that has moved was read for the last time.
func TestWhatTheDocsPointAtIsThere(t *testing.T) {
	t.Parallel()
	walk(t, func(file string) {
		if path.Ext(file) != ".md" {
			return
		}
		text := read(t, file)
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(found[1], ":") {
				mustExist(t, file, path.Join(path.Dir(file), found[1]))
			}
		}
		for _, found := range pathInCode.FindAllStringSubmatch(text, -1) {
			if first, _, _ := strings.Cut(found[1], "/"); slices.Contains([]string{"internal", "cmd", "docs", "migrations"}, first) {
				mustExist(t, file, found[1])
			}
		}
	})
}

func mustExist(t *testing.T, file, target string) {
	t.Helper()
	if _, err := os.Stat(target); err != nil {
		t.Errorf("%s points at %s, which is not there", file, target)
	}
}

// walk calls visit with every file of the repository, by its path with slashes.
func walk(t *testing.T, visit func(file string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && installed(d.Name()):
			return fs.SkipDir
		case !d.IsDir():
			visit(filepath.ToSlash(file))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// installed reports whether a folder belongs to a machine, and not to the repository.
func installed(folder string) bool {
	return folder != "." && strings.HasPrefix(folder, ".") || folder == "bin" || folder == "node_modules" || folder == "__pycache__"
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
