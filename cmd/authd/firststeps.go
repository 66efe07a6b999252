package main

import (
	"fmt"
	"net"
	"net/netip"
)

// firstSteps is what a first start shows: the main job in three lines that can be pasted.
func firstSteps(addr net.Addr) string {
	base := "http://" + addr.String()
	if a, err := netip.ParseAddrPort(addr.String()); err == nil && a.Addr().IsUnspecified() {
		base = fmt.Sprintf("http://127.0.0.1:%d", a.Port())
	}
	const who = `{"username":"ada","password":"a cup of tea at four"}`
	return fmt.Sprintf(`
authd listens on %[1]s. To sign a user up, in, and on:

  curl -s %[1]s/register -H 'Content-Type: application/json' -d '%[2]s'
  curl -s %[1]s/login -H 'Content-Type: application/json' -d '%[2]s'
  curl -s %[1]s/refresh -H 'Content-Type: application/json' -d '{"refresh_token":"THE ONE FROM LOGIN"}'

Services verify the access tokens with %[1]s/.well-known/jwks.json.
`, base, who)
}
