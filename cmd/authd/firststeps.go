package main

import (
	"fmt"
	"net"
	"net/netip"
)

// firstSteps is what a first start shows: a user to begin with, and the main job in three lines. Where
// nobody may register it is the operator who makes users, in dataDir.
func firstSteps(addr net.Addr, registration, dataDir string) string {
	base := "http://" + addr.String()
	if a, err := netip.ParseAddrPort(addr.String()); err == nil && a.Addr().IsUnspecified() {
		base = fmt.Sprintf("http://127.0.0.1:%d", a.Port())
	}
	const who = `{"username":"ada","password":"a cup of tea at four"}`
	start := fmt.Sprintf(`Make a user:

  curl -s %s/register -H 'Content-Type: application/json' -d '%s'`, base, who)
	if registration == "closed" {
		start = fmt.Sprintf(`Nobody may register. Make a user, with the password below:

  authd users create ada --data-dir %q`, dataDir)
	}
	return fmt.Sprintf(`
authd listens on %[1]s. %[3]s

Sign in, go on with the refresh token from its answer, log out:

  curl -s %[1]s/login -H 'Content-Type: application/json' -d '%[2]s'
  curl -s %[1]s/refresh -H 'Content-Type: application/json' -d '{"refresh_token":"REFRESH_TOKEN"}'
  curl -s %[1]s/logout -H 'Content-Type: application/json' -d '{"refresh_token":"REFRESH_TOKEN"}'

Services verify the access tokens with %[1]s/.well-known/jwks.json.
`, base, who, start)
}
