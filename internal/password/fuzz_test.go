package password

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/cases"
)

// FuzzPolicy: reasons are the stable words, each once; what has none is text of a good length that can be
// stored; and a password is judged alike however it is composed or its case is.
func FuzzPolicy(f *testing.F) {
	for _, seed := range [][2]string{{"correct horse battery", "alice"}, {"iloveyou", ""}, {"PassW0rd", "ada"}, {"xx-STRASSE-xx", "stra\u00dfe"}, {"\xff", ""}, {"abc\x00def", "x"},
		{strings.Repeat("e\u0301", 256), "e\u0301e\u0301e\u0301e\u0301"}, {strings.Repeat("a", 257), "aaaa"}, {"\u1e9e\u0130\u0345\u03c2", "\u03a3\u03a3\u03a3\u03a3"}} {
		f.Add(seed[0], seed[1])
	}
	known := []string{ReasonInvalidUTF8, ReasonControlCharacter, ReasonTooShort, ReasonTooLong, ReasonCommon, ReasonContainsUsername}
	f.Fuzz(func(t *testing.T, raw, username string) {
		normalised, reasons := Policy{}.Check(raw, username)
		for i, reason := range reasons {
			if !slices.Contains(known, reason) || slices.Contains(reasons[:i], reason) {
				t.Fatalf("%+q: reasons %q", raw, reasons)
			}
		}
		if length := utf8.RuneCountInString(normalised); len(reasons) == 0 && (length < MinLength || length > MaxLength) {
			t.Errorf("%+q of %d characters is let in", raw, length)
		}
		if (normalised == "") != (raw == "" || slices.Contains(reasons, ReasonInvalidUTF8) || slices.Contains(reasons, ReasonControlCharacter)) {
			t.Errorf("%+q: normalised to %+q with %q", raw, normalised, reasons)
		}
		if _, again := (Policy{}).Check(normalised, username); normalised != "" && !slices.Equal(again, reasons) {
			t.Errorf("%+q is refused for %q, and normalised for %q", raw, reasons, again)
		}
		if len(reasons) == 0 && utf8.ValidString(username) && utf8.RuneCountInString(username) >= minUsername && strings.Contains(cases.Fold().String(normalised), cases.Fold().String(username)) {
			t.Errorf("%+q has %+q in it and is let in", raw, username)
		}
	})
}
