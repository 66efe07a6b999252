package password

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestPolicyNamesEveryReason(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, raw, username string
		want                []string
	}{
		{"a passphrase is fine", "correct horse battery", "alice", nil},
		{"eight characters are enough", "tr4vQz!k", "alice", nil},
		{"no kind of character is demanded", "vlkmwqptrz", "alice", nil},
		{"seven are too few", "tr4vQz!", "alice", []string{ReasonTooShort}},
		{"nothing is too short", "", "alice", []string{ReasonTooShort}},
		{"characters are counted, not bytes", "éüößñçà", "alice", []string{ReasonTooShort}},
		{"characters are counted after composing", strings.Repeat("e\u0301", 7), "alice", []string{ReasonTooShort}},
		{"E2: 64 emoji are fine", strings.Repeat("🦊", 64), "alice", nil},
		{"256 characters are fine", strings.Repeat("é", 256), "alice", nil},
		{"257 are too many", strings.Repeat("é", 257), "alice", []string{ReasonTooLong}},
		{"E18: common", "iloveyou", "alice", []string{ReasonCommon}},
		{"E18: common in capitals", "PassW0rd", "alice", []string{ReasonCommon}},
		{"E18: common with letters that fold to it", "pa\u017f\u017fword", "alice", []string{ReasonCommon}},
		{"E18: the username", "alice in wonderland", "alice", []string{ReasonContainsUsername}},
		{"E18: the username in another case", "xxALICExx", "alice", []string{ReasonContainsUsername}},
		{"E18: the username decomposed", "xx-re\u0301ne\u0301e-xx", "r\u00e9n\u00e9e", []string{ReasonContainsUsername}},
		{"E18: the username with a letter that folds to two", "xx-STRASSE-xx", "stra\u00dfe", []string{ReasonContainsUsername}},
		{"E18: a username of four", "xx-anna-xx", "anna", []string{ReasonContainsUsername}},
		{"a username of three says nothing", "xx-bob-xx", "bob", nil},
		{"a username of three wide characters neither", "xx-åäö-xx", "åäö", nil},
		{"no username", "correct horse battery", "", nil},
		{"several at once", "baseball", "baseball", []string{ReasonCommon, ReasonContainsUsername}},
		{"short and the username", "alice", "alice", []string{ReasonTooShort, ReasonContainsUsername}},
		{"E3: a control character, alone", "abc\x00def", "alice", []string{ReasonControlCharacter}},
		{"E7: no text, alone", "\xff", "alice", []string{ReasonInvalidUTF8}},
	}
	for _, tt := range tests {
		normalised, reasons := Policy{}.Check(tt.raw, tt.username)
		if diff := cmp.Diff(tt.want, reasons); diff != "" {
			t.Errorf("%s: reasons (-want +got):\n%s", tt.name, diff)
		}
		if want, _ := Normalize(tt.raw); normalised != want {
			t.Errorf("%s: normalised %+q, want %+q", tt.name, normalised, want)
		}
	}
}

func TestPolicyMinimumCanOnlyBeRaised(t *testing.T) {
	t.Parallel()
	for minimum, want := range map[int][]string{-1: nil, 0: nil, 4: nil, 8: nil, 9: {ReasonTooShort}, 15: {ReasonTooShort}} {
		if _, got := (Policy{MinLength: minimum}).Check("tr4vQz!k", ""); !slices.Equal(got, want) {
			t.Errorf("minimum %d: got %v, want %v", minimum, got, want)
		}
	}
	if _, got := (Policy{MinLength: 4}).Check("tr4v", ""); !slices.Equal(got, []string{ReasonTooShort}) {
		t.Errorf("four characters under a minimum of four: got %v", got)
	}
}

func TestCommonListIsWhatTheSearchNeeds(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(commonPasswords, "\n"), "\n")
	if len(lines) < 10000 || !strings.HasSuffix(commonPasswords, "\n") {
		t.Errorf("%d lines, the last one ended: %v", len(lines), strings.HasSuffix(commonPasswords, "\n"))
	}
	for i, line := range lines {
		if utf8.RuneCountInString(line) < MinLength || line != strings.ToLower(line) {
			t.Errorf("line %d: %q is short or not in lower case", i+1, line)
		}
		if i > 0 && lines[i-1] >= line {
			t.Errorf("line %d: %q is not after %q", i+1, line, lines[i-1])
		}
	}
}

func TestCommonFindsEveryLineAndNothingElse(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for line := range strings.Lines(commonPasswords) {
		listed[strings.TrimSuffix(line, "\n")] = true
	}
	for line := range listed {
		// Neighbours of a line: its beginnings and endings, and what sorts just beside it.
		for _, word := range []string{line, line[1:], line[:len(line)-1], line + " ", line + "~", " " + line, line + "\n"} {
			if got := isCommon(word); got != listed[word] {
				t.Errorf("isCommon(%q) = %v, want %v", word, got, listed[word])
			}
		}
	}
	for _, word := range []string{"", "\n", " ", "~~~~~~~~~", "\U0010ffff", "\xff"} {
		if isCommon(word) {
			t.Errorf("isCommon(%q)", word)
		}
	}
}

func BenchmarkCommon(b *testing.B) {
	for b.Loop() {
		if isCommon("correct horse battery staple") {
			b.Fatal("found")
		}
	}
}
