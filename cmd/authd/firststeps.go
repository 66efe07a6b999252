package main

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
)

// firstSteps is what a first start shows: a user to begin with, the main job in three lines, and where
// operators go on. Where nobody may register it is they who make users. admin is nil if their
// listener is off.
func (c *serveCmd) firstSteps(addr, admin net.Addr) string {
	base := baseURL(addr)
	const who = `{"username":"ada","password":"a cup of tea at four"}`
	start := fmt.Sprintf(`Make a user:

  curl -s %s/register -H 'Content-Type: application/json' -d '%s'`, base, who)
	if c.Registration == "closed" {
		start = fmt.Sprintf(`Nobody may register. Make a user, with the password below:

  authd users create ada --data-dir %q`, c.DataDir)
	}
	operators := ""
	if admin != nil {
		operators = fmt.Sprintf(`
Operators have a listener of their own, and commands, which authd --help lists:

  curl -s %s/admin/users -H "Authorization: Bearer %s"
`, baseURL(admin), c.shellAdminToken())
	}
	return fmt.Sprintf(`
authd listens on %[1]s. %[3]s

Sign in, go on with the refresh token from its answer, log out:

  curl -s %[1]s/login -H 'Content-Type: application/json' -d '%[2]s'
  curl -s %[1]s/refresh -H 'Content-Type: application/json' -d '{"refresh_token":"REFRESH_TOKEN"}'
  curl -s %[1]s/logout -H 'Content-Type: application/json' -d '{"refresh_token":"REFRESH_TOKEN"}'

Services verify the access tokens with %[1]s/.well-known/jwks.json,
and hear of logouts from %[1]s/revocations.
%[4]s`, base, who, start, operators)
}

// baseURL is how this machine reaches what listens on addr.
func baseURL(addr net.Addr) string {
	if a, err := netip.ParseAddrPort(addr.String()); err == nil && a.Addr().IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", a.Port())
	}
	return "http://" + addr.String()
}

// shellAdminToken is the admin token in the words of a shell, which are not the token itself.
func (c *serveCmd) shellAdminToken() string {
	switch {
	case c.AdminTokenFile != "":
		return fmt.Sprintf("$(cat %q)", c.AdminTokenFile)
	case !c.AdminToken.IsZero():
		return "$AUTHD_ADMIN_TOKEN"
	}
	return fmt.Sprintf("$(cat %q)", filepath.Join(c.DataDir, adminTokenFile))
}
