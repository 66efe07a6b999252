package api

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestTheClientAddressIsTheConnections(t *testing.T) { // E15
	t.Parallel()
	for peer, want := range map[string]string{
		"192.0.2.7:1234": "192.0.2.7", "[2001:db8::1]:1": "2001:db8::1", "[::ffff:192.0.2.7]:1": "192.0.2.7",
		"[fe80::1%eth0]:1": "fe80::1",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = peer
		for _, header := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "True-Client-Ip", "Cf-Connecting-Ip"} {
			r.Header.Set(header, "203.0.113.9")
		}
		if got := clientAddress(r); got != netip.MustParseAddr(want) {
			t.Errorf("%s: got %v, want %s", peer, got, want)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "@"
	if got := clientAddress(r); got.IsValid() {
		t.Errorf("a Unix socket: got %v", got)
	}
}

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
