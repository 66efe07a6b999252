package main

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

// I7: whatever can be asked of authd has an answer to what it leaves in the audit. A route or a command that
// is added without one is found here.
func TestI7TheGuideSaysOfEveryRouteAndCommandWhatItLeavesInTheAudit(t *testing.T) {
	t.Parallel()
	asked, _ := deeds(t)
	want := append(operationsOf(string(contract)), commandsOf(t)...)
	slices.Sort(want)
	want = slices.Compact(want)
	slices.Sort(asked)
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("%s, what leaves what (-there is +in the table):\n%s", guide, diff)
	}
}

// What can be recorded is left by something, and nothing is said to be left that has no word.
func TestI7EveryEventOfTheAuditIsLeftByADeedOfTheGuide(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../internal/audit/words.go")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, name := range regexp.MustCompile(`\bName += +"([a-z_]+\.[a-z_]+)"`).FindAllStringSubmatch(string(source), -1) {
		if name[1] != "session.rotated" && name[1] != "session.expired" { // of timelines alone
			want = append(want, name[1])
		}
	}
	if len(want) < 30 {
		t.Fatalf("found %d names: the search is broken", len(want))
	}
	_, left := deeds(t)
	slices.Sort(want)
	slices.Sort(left)
	if diff := cmp.Diff(want, slices.Compact(left)); diff != "" {
		t.Errorf("%s, what leaves what (-can be recorded +in the table):\n%s", guide, diff)
	}
}

// deeds reads the table: what is asked, and what that leaves.
func deeds(t *testing.T) (asked, left []string) {
	t.Helper()
	guideTurn.Lock()
	text, err := os.ReadFile(guide)
	guideTurn.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "<!-- deeds:")
	table, _, found := strings.Cut(rest, "<!-- end of deeds -->")
	if !found {
		t.Fatalf("%s lacks the two markers of the deeds", guide)
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 {
			continue
		}
		for _, one := range quoted.FindAllStringSubmatch(cells[1], -1) {
			asked = append(asked, one[1])
		}
		for _, one := range quoted.FindAllStringSubmatch(cells[2], -1) {
			if strings.Contains(one[1], ".") {
				left = append(left, one[1])
			}
		}
	}
	return asked, left
}

// operationsOf reads the contract's operations. Preflights leave nothing and have no row.
func operationsOf(contract string) (all []string) {
	_, paths, _ := strings.Cut(contract, "\npaths:\n")
	paths, _, _ = strings.Cut(paths, "\ncomponents:\n")
	path := ""
	for line := range strings.Lines(paths) {
		if m := regexp.MustCompile(`^  (/\S*):\n$`).FindStringSubmatch(line); m != nil {
			path = m[1]
		}
		if m := regexp.MustCompile(`^    (get|put|post|patch|delete):\n$`).FindStringSubmatch(line); m != nil {
			all = append(all, strings.ToUpper(m[1])+" "+path)
		}
	}
	return all
}

// commandsOf are the commands that do something.
func commandsOf(t *testing.T) (all []string) {
	t.Helper()
	parser, err := newParser(newReader(nil), process{stdout: io.Discard, stderr: io.Discard}, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(true) {
		names := []string{leaf.Name}
		for above := leaf.Parent; above != nil && above.Type == kong.CommandNode; above = above.Parent {
			names = append([]string{above.Name}, names...)
		}
		all = append(all, "authd "+strings.Join(names, " "))
	}
	return all
}
