package audit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const guide = "../../docs/operations.md"

// Somebody will search for these words, alert on them and count them: each has its line, and none is
// explained that does not exist.
func TestEveryWordIsExplainedToOperators(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "<!-- words:")
	tables, _, found := strings.Cut(rest, "<!-- end of words -->")
	if !found {
		t.Fatalf("%s lacks the two markers of the words", guide)
	}
	var got []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| .+ \\|$").FindAllStringSubmatch(tables, -1) {
		got = append(got, row[1])
	}
	want := words(t)
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("the words of %s (-there +in words.go):\n%s", guide, d)
	}
}

// Metric labels, JSON and shells should all take a word as it is.
func TestWordsAreLowerCaseAndPlain(t *testing.T) {
	t.Parallel()
	for _, word := range words(t) {
		if !regexp.MustCompile(`^[a-z]+([._][a-z]+)*$`).MatchString(word) {
			t.Errorf("%q", word)
		}
	}
}

// words are the constants of words.go, read from its source: one that is forgotten here cannot be
// forgotten.
func words(t *testing.T) (found []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "words.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
			word, err := strconv.Unquote(text.Value)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, word)
		}
		return true
	})
	if len(found) < 20 {
		t.Fatalf("found only %d words: the search is broken", len(found))
	}
	return found
}
