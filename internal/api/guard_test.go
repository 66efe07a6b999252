package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// asked is a call of the admin listener by a host.
func asked(host, path string) *http.Request {
	r := httptest.NewRequest("GET", path, nil)
	r.Host = host
	r.Header.Set("Authorization", "Bearer "+adminToken)
	return r
}

func status(handler http.Handler, r *http.Request) int {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	return recorder.Code
}

// F17: a page whose name was rebound to this listener's address asks by that name.
func TestTheAdminListenerIsAskedByAnAddressOrAListedName(t *testing.T) {
	t.Parallel()
	handler := newAdminHandler(t, "admin.example", "console")
	for host, allowed := range map[string]bool{
		"127.0.0.1":             true,
		"127.0.0.1:8081":        true,
		"10.1.2.3:80":           true,
		"203.0.113.9":           true,
		"[::1]":                 true,
		"[::1]:8081":            true,
		"[fe80::1%25eth0]:8081": true,
		"[::ffff:127.0.0.1]":    true,
		"admin.example":         true,
		"admin.example:8081":    true,
		"ADMIN.Example":         true,
		"console:1":             true,

		"":                         false,
		"localhost":                false,
		"localhost:8081":           false,
		"evil.example":             false,
		"evil.example:8081":        false,
		"admin.example.evil.test":  false,
		"evil-admin.example":       false,
		"x.admin.example":          false,
		"admin.example.":           false,
		"admin.example:":           false,
		"admin.example:80:80":      false,
		"admin.example@evil.test":  false,
		"127.0.0.1.evil.test":      false,
		"127.0.0.1.":               false,
		"127.1":                    false,
		"2130706433":               false,
		"0x7f000001":               false,
		"017700000001":             false,
		"127.0.0.01":               false,
		"127.0.0.1:80a":            false,
		"127.0.0.1:":               false,
		"127.0.0.1,evil.test":      false,
		"127.0.0.1 evil.test":      false,
		"[127.0.0.1]":              false,
		"::1":                      false,
		"[::1":                     false,
		"[::1]evil.test":           false,
		"[::1].evil.test:80":       false,
		"[admin.example]":          false,
		"console, console":         false,
		strings.Repeat("a", 10000): false,
	} {
		want := http.StatusMisdirectedRequest
		if allowed {
			want = http.StatusNotFound // there is nothing at the path
		}
		if got := status(handler, asked(host, "/admin/nothing")); got != want {
			t.Errorf("%.40q: got %d, want %d", host, got, want)
		}
	}
}

func TestProbesAnswerToAnyHostWithoutAToken(t *testing.T) {
	t.Parallel()
	handler := newAdminHandler(t)
	for _, path := range []string{"/livez", "/readyz"} {
		for _, method := range []string{"GET", "HEAD"} {
			r := httptest.NewRequest(method, path, nil)
			r.Host = "authd.monitoring.svc"
			if got := status(handler, r); got != http.StatusOK {
				t.Errorf("%s %s: got %d, want 200", method, path, got)
			}
		}
	}
	for _, path := range []string{"/livez/", "//livez", "/livez/../admin/users", "/%6civez", "/admin/users", "/"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Host = "authd.monitoring.svc"
		if got := status(handler, r); got != http.StatusMisdirectedRequest {
			t.Errorf("%s: got %d, want 421", path, got)
		}
	}
}

func TestTheAdminListenerTellsNothingWithoutItsToken(t *testing.T) {
	t.Parallel()
	handler := newAdminHandler(t)
	for _, test := range []struct {
		name, authorization string
		status              int
	}{
		{"none", "", 401},
		{"another", "Bearer " + strings.Repeat("x", 43), 401},
		{"one character less", "Bearer " + adminToken[:len(adminToken)-1], 401},
		{"one character more", "Bearer " + adminToken + "x", 401},
		{"another case", "Bearer " + strings.ToUpper(adminToken), 401},
		{"of another scheme", "Basic " + adminToken, 400},
		{"no scheme", adminToken, 400},
		{"two in one header", "Bearer " + adminToken + ", Bearer x", 400},
		{"nothing after the scheme", "Bearer ", 400},
		{"the right one", "Bearer " + adminToken, 404},
		{"the right one, the scheme in another case", "bearer " + adminToken, 404},
	} {
		for _, path := range []string{"/admin/nothing", "/admin", "/", "/login"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Host = "127.0.0.1"
			if test.authorization != "" {
				r.Header.Set("Authorization", test.authorization)
			}
			if got := status(handler, r); got != test.status {
				t.Errorf("%s, %s: got %d, want %d", test.name, path, got, test.status)
			}
		}
	}
}

func TestAnAdminTokenThatCanBeGuessedIsNotTaken(t *testing.T) {
	t.Parallel()
	for length, taken := range map[int]bool{0: false, LeastAdminToken - 1: false, LeastAdminToken: true} {
		c := adminConfig(t)
		c.Token = secret(strings.Repeat("a", length))
		if _, err := NewAdmin(c); (err == nil) != taken {
			t.Errorf("%d characters: got %v", length, err)
		}
	}
}
