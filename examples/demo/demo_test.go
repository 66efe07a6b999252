package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// The demo checks its own claims. This checks how it looks to who pipes it into a file.
func TestTheDemoHoldsAndFitsIntoAPlainScreen(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts two programs")
	}
	var out bytes.Buffer
	if err := run(t.Context(), &screen{out: &out}); err != nil {
		t.Fatalf("%v, after:\n%s", err, &out)
	}
	t.Logf("\n%s", &out)
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		if n := utf8.RuneCountInString(line); n > 80 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
		if strings.TrimRight(line, " ") != line || strings.ContainsRune(line, '\x1b') {
			t.Errorf("not plain: %q", line)
		}
	}
}

func TestColoursAddNoWords(t *testing.T) {
	t.Parallel()
	show := func(colours bool) string {
		var out bytes.Buffer
		s := &screen{out: &out, colours: colours}
		s.title("authd", "logs out")
		s.act("Ada")
		s.event(3e6, "authd", "POST /logout", 204, "gone")
		s.event(5e6, "notes", "GET /notes", 401, "refused")
		s.typed(0, "authd users disable ada")
		s.fact("%d ms", 5)
		return out.String()
	}
	plain, coloured := show(false), show(true)
	if plain == coloured {
		t.Error("there are no colours")
	}
	if got := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(coloured, ""); got != plain {
		t.Errorf("without colours:\n%s\nwant:\n%s", got, plain)
	}
}
