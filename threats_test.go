package authd_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

const threatsFile = "docs/threats.md"

// asvs are the requirements of levels 1 and 2 in the chapters of ASVS 5.0 that authd is about.
var asvs = strings.Fields(`
	6.1.1 6.1.2 6.1.3 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.2.9 6.2.10 6.2.11 6.2.12
	6.3.1 6.3.2 6.3.3 6.3.4 6.4.1 6.4.2 6.4.3 6.4.4 6.5.1 6.5.2 6.5.3 6.5.4 6.5.5 6.6.1 6.6.2 6.6.3
	6.8.1 6.8.2 6.8.3 6.8.4
	7.1.1 7.1.2 7.1.3 7.2.1 7.2.2 7.2.3 7.2.4 7.3.1 7.3.2 7.4.1 7.4.2 7.4.3 7.4.4 7.4.5 7.5.1 7.5.2 7.6.1 7.6.2
	9.1.1 9.1.2 9.1.3 9.2.1 9.2.2 9.2.3 9.2.4`)

var (
	requirement = regexp.MustCompile(`(?m)^\| (\d+\.\d+\.\d+[^|]*) \|[^|\n]+\| ([^|\n]*) \| ([^|\n]+) \|$`)
	section     = regexp.MustCompile(`\d+\.\d+\.\d+`)
	isProof     = regexp.MustCompile(`^(?:(?:Test|Fuzz)[A-Z0-9]\w+|\w+\.txtar|.* .*)$`)
)

// A requirement without a row would be one that nobody thought about.
func TestEveryRequirementOfASVSHasItsRow(t *testing.T) {
	t.Parallel()
	rows := make(map[string]int)
	for _, row := range requirement.FindAllStringSubmatch(read(t, threatsFile), -1) {
		for _, number := range section.FindAllString(row[1], -1) {
			rows[number]++
		}
		if !slices.Contains([]string{"met", "partly", "not met", "n/a", "yours"}, row[2]) {
			t.Errorf("%s is %q, which says nothing", row[1], row[2])
		}
	}
	for _, number := range asvs {
		if rows[number] == 0 {
			t.Errorf("%s has no row for %s", threatsFile, number)
		}
	}
	for number, n := range rows {
		if n > 1 {
			t.Errorf("%s has %d rows for %s", threatsFile, n, number)
		}
	}
}

// What is said to hold is proved by something that runs.
func TestEveryProofOfThePageOfThreatsExists(t *testing.T) {
	t.Parallel()
	proofs, named := proofs(t), 0
	for _, span := range codeSpan.FindAllStringSubmatch(read(t, threatsFile), -1) {
		if !strings.HasPrefix(span[1], "POST ") && !strings.HasPrefix(span[1], "GET ") && !strings.HasPrefix(span[1], "DELETE ") &&
			isProof.MatchString(span[1]) && !strings.HasPrefix(span[1], "authd ") && !strings.HasPrefix(span[1], "default-src ") {
			if named++; !proofs[span[1]] {
				t.Errorf("%s names %q, which is no test, claim or script", threatsFile, span[1])
			}
		}
	}
	if named < 100 {
		t.Errorf("found %d proofs: the search is broken", named)
	}
}
