// Signin is a sign-in page for authd, with the small server that a page needs: no framework, no build,
// nothing inline. The page is of another origin than authd, and lives with it in the way that
// docs/browsers.md describes: the refresh token in a cookie, the access token in memory.
//
//	go -C examples run ./signin
//
// Without AUTHD_URL it builds authd and runs it for itself on an empty store. What a team copies is
// page/session.js, and the headers in page.go.
package main
