package password

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestNormalizeMapsSpacesAndComposes(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, raw, want string }{
		{"every space is U+0020",
			"\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
			strings.Repeat(" ", 16)},
		{"E4: a decomposed accent is composed", "cafe\u0301", "caf\u00e9"},
		{"E4: marks are put in order", "q\u0307\u0323", "q\u0323\u0307"},
		{"E4: Hangul letters make a syllable", "\u1112\u1161\u11ab", "\ud55c"},
		{"E5: a ligature is not two letters", "\ufb01nal", "\ufb01nal"},
		{"E5: a superscript is not a digit", "m\u00b2", "m\u00b2"},
		{"E5: full width is not ASCII", "\uff50\uff41\uff53\uff53", "\uff50\uff41\uff53\uff53"},
		{"E6: case and blanks at the ends are kept", "  PassWord ", "  PassWord "},
		{"a joiner is kept", "\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680"},
		{"an unassigned character is kept", "\U000e0fff", "\U000e0fff"},
		{"U+FFFD that was really typed is kept", "a\ufffd", "a\ufffd"},
		{"nothing is nothing", "", ""},
	}
	for _, tt := range tests {
		got, err := Normalize(tt.raw)
		if got != tt.want || err != nil {
			t.Errorf("%s: Normalize(%+q) = %+q, %v; want %+q", tt.name, tt.raw, got, err, tt.want)
		}
	}
}

func TestNormalizeRefusesWhatIsNoText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, raw string
		want      error
	}{
		{"E7: a stray byte", "pass\xffword", ErrInvalidUTF8},
		{"E7: a lone surrogate", "pass\xed\xa0\x80word", ErrInvalidUTF8},
		{"E7: an overlong NUL", "pass\xc0\x80word", ErrInvalidUTF8},
		{"E7: half a character", "password\xc3", ErrInvalidUTF8},
		{"E3: NUL", "abc\x00def", ErrControlCharacter},
		{"tab", "pass\tword", ErrControlCharacter},
		{"line break", "password\n", ErrControlCharacter},
		{"DEL", "pass\x7fword", ErrControlCharacter},
		{"a control of Latin 1", "pass\u0085word", ErrControlCharacter},
	}
	for _, tt := range tests {
		got, err := Normalize(tt.raw)
		if got != "" || !errors.Is(err, tt.want) {
			t.Errorf("%s: Normalize(%+q) = %+q, %v; want %v", tt.name, tt.raw, got, err, tt.want)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, seed := range []string{
		"", "password", "cafe\u0301", "\u2000\u3000\u00a0", "\ufb01\u00b2\uff50", "\xff\xfe", "\xed\xa0\x80",
		"abc\x00def", "\u1112\u1161\u11ab", "\u0344\u0301", "a" + strings.Repeat("\u0301", 40), "\U0001f469\u200d\U0001f680",
		"\u0f73\u0f75\u0f71\u0f72", "\u212b\u2126\u1fef", "\U0001d15e\U0002f800",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := Normalize(raw)
		refuse := !utf8.ValidString(raw) || strings.ContainsFunc(raw, unicode.IsControl)
		if (err != nil) != refuse {
			t.Fatalf("Normalize(%+q): %v, refuse %v", raw, err, refuse)
		}
		if err != nil {
			return
		}
		for _, r := range got {
			if unicode.IsControl(r) || r != ' ' && unicode.Is(unicode.Zs, r) {
				t.Errorf("Normalize(%+q) = %+q holds %+q", raw, got, r)
			}
		}
		if again, err := Normalize(got); again != got || err != nil {
			t.Errorf("Normalize(%+q) = %+q, and of that %+q, %v", raw, got, again, err)
		}
		if decomposed, err := Normalize(norm.NFD.String(raw)); err != nil || decomposed != got {
			t.Errorf("Normalize(%+q) = %+q, decomposed %+q, %v", raw, got, decomposed, err)
		}
	})
}

func BenchmarkNormalize(b *testing.B) {
	for name, raw := range map[string]string{
		"ascii": "correct horse battery staple", "accents": "de\u0301ja\u0300 vu\u00a0na\u00efve", "body": strings.Repeat("e\u0301", 5000),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Normalize(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
