package api

import (
	"net/netip"
	"strings"
	"testing"
)

// FuzzHost looks for a name that passes for an address: what a page of somebody else's could go by.
func FuzzHost(f *testing.F) {
	for _, host := range []string{"127.0.0.1:8081", "[::1]:8081", "localhost", "127.0.0.1.evil.test", "[::1].evil.test:1", "2130706433", "[fe80::1%eth0]"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if !allowedHost(host, nil) {
			return
		}
		if _, err := netip.ParseAddrPort(host); err == nil {
			return
		}
		// A port may be left out, or be any number.
		name := host
		if at := strings.LastIndexByte(host, ':'); at > strings.LastIndexByte(host, ']') {
			name = host[:at]
		}
		if _, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")); err != nil {
			t.Errorf("%q is no address", host)
		}
	})
}

// FuzzListCursor holds that a cursor which is taken is one that was given out: it has one text.
func FuzzListCursor(f *testing.F) {
	f.Add(cursor('u', "ada"))
	f.Add(cursor('e', "0123456789abcdef"))
	f.Add("dWE=")
	f.Add("dWF\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []byte("use") {
			if place, err := openCursor(kind, text); err == nil && cursor(kind, place) != text {
				t.Errorf("%q is taken for %q, whose text is %q", text, place, cursor(kind, place))
			}
		}
	})
}
