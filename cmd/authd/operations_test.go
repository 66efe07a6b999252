package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the table of settings into docs/operations.md")

const (
	guide       = "../../docs/operations.md"
	tableBegins = "<!-- settings:"
	tableEnds   = "<!-- end of settings -->"
)

func TestOperationsGuideHasTheTableOfSettings(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	begin := strings.Index(string(text), tableBegins)
	end := strings.Index(string(text), tableEnds)
	if begin < 0 || end < begin {
		t.Fatalf("%s lacks the two markers of the table", guide)
	}
	begin += strings.Index(string(text[begin:]), "\n") + 1
	want := tableOfSettings(t)
	if *update {
		if err := os.WriteFile(guide, []byte(string(text[:begin])+want+string(text[end:])), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text[begin:end])); diff != "" {
		t.Errorf("%s differs from settings.go (-want +got); -update writes it:\n%s", guide, diff)
	}
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
			} else if _, err := fmt.Sscan(limit, &n); err != nil || n == 0 {
				t.Errorf("--%s: %s %q is no number", flag.Name, tag, limit)
			}
		}
	}
}
