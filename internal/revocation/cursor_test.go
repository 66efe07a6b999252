package revocation

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestACursorHasExactlyOneText(t *testing.T) {
	t.Parallel()
	for _, c := range []Cursor{
		{"feed", 0, 0},
		{"AbC-_09", 1, 1},
		{"feed", math.MaxInt64, math.MaxUint64},
		{strings.Repeat("x", maxFeedID), 4096, 0xdeadbeef},
	} {
		got, err := ParseCursor(c.String())
		if err != nil || got != c {
			t.Errorf("%v as text and back: got %v, %v", c, got, err)
		}
	}
}

func TestWhatIsNotTheTextOfACursorIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", ".", "..", "feed", "feed.1", "feed.1.", ".1.0000000000000001",
		"feed.1.000000000000001", "feed.1.00000000000000001",
		"feed.01.0000000000000001", "feed.+1.0000000000000001", "feed.-1.0000000000000001", "feed.-0.0000000000000001",
		"feed.1.000000000000000A", "feed.1.+000000000000001", "feed.1.0x00000000000001", "feed.1_0.0000000000000001",
		"feed.1.0000000000000001.", "feed.1.0000000000000001\n", " feed.1.0000000000000001",
		"fe ed.1.0000000000000001", "fe/ed.1.0000000000000001", "feéd.1.0000000000000001",
		"feed.9223372036854775808.0000000000000001", "feed.00000000000000000001.0000000000000001",
		strings.Repeat("x", maxFeedID+1) + ".1.0000000000000001",
	} {
		if c, err := ParseCursor(text); !errors.Is(err, ErrCursor) {
			t.Errorf("%q: got %v, %v, want ErrCursor", text, c, err)
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	for _, text := range []string{
		"feed.0.0000000000000000", "feed.42.00000000deadbeef", "feed.042.00000000deadbeef",
		"feed.42.00000000DEADBEEF", "feed.-1.0000000000000000", "..", "a.b.c",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCursor(text)
		if err == nil && c.String() != text {
			t.Errorf("%q was taken for %v, whose text is %q", text, c, c)
		}
	})
}
