package api

import (
	"strings"
	"testing"
)

func TestAUserAgentIsStoredShortAndPlain(t *testing.T) { // F25
	t.Parallel()
	for agent, want := range map[string]string{
		"":                             "",
		"curl/8":                       "curl/8",
		"a\x1b[31mb\r\nc\x00\u0085":    "a[31mbc",
		"a\xffb\ufffdc":                "abc",
		strings.Repeat("a", 300):       strings.Repeat("a", 256),
		strings.Repeat("a", 255) + "ü": strings.Repeat("a", 255),
		strings.Repeat("😀", 100):       strings.Repeat("😀", 64),
	} {
		if got := cleanUserAgent(agent); got != want {
			t.Errorf("%q: got %q, want %q", agent, got, want)
		}
	}
}
