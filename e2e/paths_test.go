//go:build unix

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// asked is a request in its bare text, the last one of its connection.
func asked(method, target, more string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + more + "\r\n"
}

// F15: a path has one spelling. Nothing is cleaned up, and nothing is redirected: a redirect of a POST
// loses its body, or repeats a password to somebody else.
func TestF15APathHasOneSpelling(t *testing.T) {
	t.Parallel()
	onBothListeners(t, func(t *testing.T, d door) {
		for _, path := range []string{"//livez", "///livez", "/./livez", "/x/../livez", "/../livez", "/%2e/livez", "/%2e%2e/livez", "/%2flivez", "/%6civez",
			"/livez/", "/livez/.", "/livez;x", "/livez;x=y", "/livez%00", "/livez%20", "/livez%0d%0a", "/LIVEZ", "/livez%3fx", "/%5clivez", "//evil.example/livez", "//evil.example/%2e%2e", "*"} {
			for _, method := range []string{"GET", "POST"} {
				replies := converse(t, d.addr, asked(method, path, d.token))
				if got := statuses(replies); got != "404" {
					t.Errorf("%s %s: got %s, want 404", method, path, got)
				} else if replies[0].Header.Get("Location") != "" {
					t.Errorf("%s %s: is redirected to %s", method, path, replies[0].Header.Get("Location"))
				}
			}
		}
		// RFC 9112, section 3.2.2, has every server take the absolute form. It is the same path, and its host is believed no more than any other.
		if got := statuses(converse(t, d.addr, asked("GET", "http://evil.example/livez", ""))); got != "200" {
			t.Errorf("the absolute form: got %s, want 200", got)
		}
	})
}

// F16: a method that a path does not know is refused with those it knows, whatever a header says.
func TestF16AMethodIsWhatTheRequestLineSays(t *testing.T) {
	t.Parallel()
	onBothListeners(t, func(t *testing.T, d door) {
		path, allowed := "/login", "POST, OPTIONS" // the latter for pages of listed origins
		unknown := []string{"GET", "HEAD", "TRACE", "PUT", "DELETE", "CONNECT", "post", "BREW"}
		if d.token != "" {
			path, allowed, unknown = "/admin/revocations", "POST", append(unknown, "OPTIONS")
		}
		for _, method := range unknown {
			for _, more := range []string{"", "X-HTTP-Method-Override: POST\r\n", "X-Method-Override: POST\r\nX-HTTP-Method: POST\r\n"} {
				replies := converse(t, d.addr, asked(method, path, d.token+more))
				if len(replies) == 0 || replies[0].StatusCode != 405 || replies[0].Header.Get("Allow") != allowed {
					t.Errorf("%s %s with %q: got %s, want 405 and Allow: %s", method, path, more, statuses(replies), allowed)
				}
			}
		}
		tunnel := "405"
		if d.token != "" {
			tunnel = "421" // by the name of somebody else
		}
		if got := statuses(converse(t, d.addr, asked("CONNECT", "evil.example:443", d.token))); got != tunnel {
			t.Errorf("a tunnel: got %s, want %s", got, tunnel)
		}
		trace := converse(t, d.addr, asked("TRACE", "/livez", d.token+"X-Canary: 7f3a\r\n"))
		if len(trace) != 1 || strings.Contains(fmt.Sprint(trace[0].Header, trace[0].text), "7f3a") {
			t.Errorf("TRACE repeats what was sent: %v", trace)
		}
	})
}

// F26: what is for operators is not behind the door of users, and profiles are behind none.
func TestF26UsersFindNothingOfTheOperators(t *testing.T) {
	t.Parallel()
	onBothListeners(t, func(t *testing.T, d door) {
		paths := []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/vars", "/debug/requests", "/.git/config", "/.env", "/server-status", "/actuator/env"}
		if d.token == "" {
			paths = append(paths, "/metrics", "/admin", "/admin/", "/admin/users", "/admin/keys", "/admin/audit", "/console")
		}
		for _, path := range paths {
			if got := statuses(converse(t, d.addr, asked("GET", path, d.token))); got != "404" {
				t.Errorf("%s: got %s, want 404", path, got)
			}
		}
	})
}
