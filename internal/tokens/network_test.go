package tokens_test

import (
	"net/netip"
	"testing"

	"github.com/authd/authd/internal/tokens"
)

func TestAnAddressOfIPv6CountsAsItsNetworkOf64Bits(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.7":                  "192.0.2.7/32",
		"::ffff:192.0.2.7":           "192.0.2.7/32",
		"2001:db8:1:2:aaaa:bbbb:c:d": "2001:db8:1:2::/64",
		"2001:db8:1:2::1":            "2001:db8:1:2::/64",
		"2001:db8:1:3::1":            "2001:db8:1:3::/64",
		"fe80::1%eth0":               "fe80::/64",
		"::1":                        "::/64",
	} {
		if got := tokens.Network(netip.MustParseAddr(address)).String(); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
	if got := tokens.Network(netip.Addr{}); got.IsValid() {
		t.Errorf("no address: got %v", got)
	}
}
