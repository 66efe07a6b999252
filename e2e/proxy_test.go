//go:build unix

package e2e

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
)

// from is a client that connects from an address of loopback.
func from(t *testing.T, address string) *http.Client {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		return dialFrom(ctx, address, addr)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// with sends a request with further headers.
func (r request) with(t *testing.T, c *http.Client, addr string, header map[string]string) answer {
	t.Helper()
	q, err := newRequest(t.Context(), addr, r)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		q.Header.Set(name, value)
	}
	response, err := c.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	a, err := readAnswer(response)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// addresses are those of all sessions of a token's user.
func addresses(t *testing.T, p *process, token string) string {
	t.Helper()
	var list struct {
		Sessions []struct {
			IP      string `json:"ip"`
			Current bool   `json:"current"`
		} `json:"sessions"`
	}
	a := ask(t, p, request{path: "/sessions", bearer: token})
	if err := json.Unmarshal(a.body, &list); err != nil {
		t.Fatalf("%v: %v", a, err)
	}
	for _, s := range list.Sessions {
		if s.Current {
			return s.IP
		}
	}
	t.Fatalf("the current session is not in the list: %v", a)
	return ""
}

// E15: of two peers that say the same the one is believed that the operator listed.
func TestE15ATrustedProxySaysWhoTheClientIs(t *testing.T) {
	t.Parallel()
	d := onSQLite(t)
	d.environ = append(d.environ, "AUTHD_TRUSTED_PROXIES=127.0.0.5,10.0.0.0/8")
	p := d.start(t)
	signUp(t, p, "ada")
	login := request{path: "/login", body: user("ada")}
	forged := map[string]string{"X-Forwarded-For": "203.0.113.9, 192.0.2.1, 10.1.2.3", "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
	for peer, want := range map[string]string{"127.0.0.5": "192.0.2.1", "127.0.0.6": "127.0.0.6"} {
		pair := mustPair(t, login.with(t, from(t, peer), p.addr, forged))
		if got := addresses(t, p, pair.AccessToken); got != want {
			t.Errorf("from %s: the session is of %q, want %q", peer, got, want)
		}
	}
	warning := p.await(t, "a header about forwarding was ignored: its sender is no trusted proxy")
	if warning.Level != "WARN" || warning.Peer != "127.0.0.6" {
		t.Errorf("got a line of %s about %s", warning.Level, warning.Peer)
	}
	create := request{path: "/admin/users", body: user("eve"), bearer: d.adminToken(t)}
	if a := create.with(t, from(t, "127.0.0.5"), p.admin, forged); a.status != http.StatusCreated {
		t.Fatalf("got %v", a)
	}
	audit := request{path: "/admin/audit?name=user.created", bearer: d.adminToken(t)}
	eventually(t, "the audit names the client of the operators' proxy", func() bool {
		return strings.Contains(string(audit.with(t, from(t, "127.0.0.5"), p.admin, nil).body), `"192.0.2.1"`)
	})
}

// F17: whatever a request says of hosts and schemes, every address that is answered begins with the
// issuer, and an issuer of https is told to browsers.
func TestF17AForgedHostIsNowhere(t *testing.T) {
	t.Parallel()
	d := onSQLite(t)
	d.environ = append(d.environ, "AUTHD_ISSUER=https://login.example.test", "AUTHD_TRUSTED_PROXIES=127.0.0.1")
	p := d.start(t)
	for _, path := range []string{"/", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/nothing"} {
		honest := request{path: path}.with(t, newClient(t), p.addr, nil)
		forged := request{path: path}.with(t, newClient(t), p.addr, map[string]string{"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher",
			"X-Forwarded-Port": "666", "X-Forwarded-Prefix": "/evil", "Forwarded": "host=evil.example;proto=gopher", "X-Request-Id": honest.header.Get("X-Request-Id")})
		if string(forged.body) != string(honest.body) {
			t.Errorf("%s: got %s, want %s", path, forged.body, honest.body)
		}
		if got := forged.header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
			t.Errorf("%s: Strict-Transport-Security: got %q", path, got)
		}
		replies := converse(t, p.addr, strings.Replace(asked("GET", path, "X-Request-Id: "+honest.header.Get("X-Request-Id")+"\r\n"), "127.0.0.1", "evil.example", 1))
		if len(replies) != 1 || replies[0].text != string(honest.body) {
			t.Errorf("%s, asked of another host: got %v, want %s", path, replies, honest.body)
		}
	}
}
