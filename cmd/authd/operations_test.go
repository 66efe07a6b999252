package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/auth"
)

var update = flag.Bool("update", false, "write the tables of docs/operations.md")

const guide = "../../docs/operations.md"

func TestOperationsGuideHasTheTableOfSettings(t *testing.T) {
	t.Parallel()
	holdTable(t, "settings", tableOfSettings(t))
}

func TestOperationsGuideHasTheTableOfMetrics(t *testing.T) {
	t.Parallel()
	holdTable(t, "metrics", tableOfMetrics())
}

// Whoever looks at a failing probe at night finds its word in the contract and what to do in the guide.
func TestOperationsGuideSaysWhatToDoAboutEveryReasonOfReadiness(t *testing.T) {
	t.Parallel()
	_, list, _ := strings.Cut(string(contract), "`reasons` names what is missing: ")
	list, _, _ = strings.Cut(list, "\n      parameters:")
	var words []string
	for _, quoted := range regexp.MustCompile("`[a-z_]+`").FindAllString(list, -1) {
		words = append(words, strings.Trim(quoted, "`"))
	}
	for _, err := range []*auth.Error{errStoreUnreachable, errSchemaMismatch, errClockSkew, errNotRead, errStaleFeed} {
		if !slices.Contains(words, err.Code) {
			t.Errorf("the contract does not name the reason %s; it has %q", err.Code, words)
		}
	}
	guideTurn.Lock()
	defer guideTurn.Unlock()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range words {
		if !strings.Contains(string(text), "\n| `"+word+"` | ") {
			t.Errorf("%s has no row about %s", guide, word)
		}
	}
}

// guideTurn is held by who reads and writes the guide.
var guideTurn sync.Mutex

// holdTable compares the part of the guide between two markers with what it must be, or writes it.
func holdTable(t *testing.T, of, want string) {
	t.Helper()
	guideTurn.Lock()
	defer guideTurn.Unlock()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	begin := strings.Index(string(text), "<!-- "+of+":")
	end := strings.Index(string(text), "<!-- end of "+of+" -->")
	if begin < 0 || end < begin {
		t.Fatalf("%s lacks the two markers of the table of %s", guide, of)
	}
	begin += strings.Index(string(text[begin:]), "\n") + 1
	if *update {
		if err := os.WriteFile(guide, []byte(string(text[:begin])+want+string(text[end:])), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text[begin:end])); diff != "" {
		t.Errorf("the %s of %s differ from the program's (-want +got); -update writes them:\n%s", of, guide, diff)
	}
}

// tableOfMetrics renders our own; those of any process are not ours to explain.
func tableOfMetrics() string {
	m := newMeters()
	m.watch(&service{})
	var table strings.Builder
	table.WriteString("| metric | kind | labels | what it says |\n|---|---|---|---|\n")
	for _, f := range m.registry.Families() {
		if strings.HasPrefix(f.Name, "authd_") {
			fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", f.Name, f.Kind, strings.Join(f.Labels, ", "), f.Help)
		}
	}
	return table.String()
}

// tableOfSettings renders what an operator can set in this build.
func tableOfSettings(t *testing.T) string {
	t.Helper()
	parser, err := newParser(newReader(nil), process{stdout: io.Discard, stderr: io.Discard}, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| variable | default | what it says |\n|---|---|---|\n")
	for _, flag := range settingsOf(parser.Model) {
		if !flag.Hidden {
			fmt.Fprintf(&table, "| `%s` | %s | %s |\n", envName(flag.Name), defaultOf(flag), flag.Help+rangeOf(flag))
		}
	}
	return table.String()
}

func defaultOf(flag *kong.Flag) string {
	switch {
	case flag.HasDefault:
		return "`" + flag.Default + "`"
	case flag.Tag.Get("otherwise") != "":
		return flag.Tag.Get("otherwise")
	}
	return "none"
}

func rangeOf(flag *kong.Flag) string {
	switch {
	case flag.Tag.Get("words") != "":
		return " `" + strings.Join(strings.Fields(flag.Tag.Get("words")), "` or `") + "`."
	case flag.Tag.Get("max") != "":
		return " " + strings.ToUpper(limits(flag.Tag)[:1]) + limits(flag.Tag)[1:] + "."
	}
	return ""
}

// Limits are read from tags at every start, where a bad one would be taken for none.
func TestLimitsInTagsCanBeRead(t *testing.T) {
	t.Parallel()
	parser, err := newParser(newReader(nil), process{stdout: io.Discard, stderr: io.Discard}, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range settingsOf(parser.Model) {
		for _, tag := range []string{"min", "max"} {
			limit := flag.Tag.Get(tag)
			_, isInt := flag.Target.Interface().(int)
			if limit == "" || !isInt && durationOf(limit) > 0 {
				continue
			}
			if n := 0; !isInt {
				t.Errorf("--%s: %s %q is no duration", flag.Name, tag, limit)
			} else if _, err := fmt.Sscan(limit, &n); err != nil || n == 0 && limit != "0" {
				t.Errorf("--%s: %s %q is no number", flag.Name, tag, limit)
			}
		}
	}
}
