//go:build unix

package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// B20: a machine gets a scope by a command, and a token by itself. A service obeys the scope, and the end of
// the machine's rights as it obeys a logout.
func TestB20AMachinesScopeOpensARouteUntilItsClientIsRevoked(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		all := d.startAll(t)
		s := following(t, "service", all[len(all)-1].addr, time.Minute)
		m := d.machine(t, "backup", "notes:export", "notes:read")
		token := m.token(t, all[0])
		s.wantBehind(t, s.RequireScope("notes:export"), token, http.StatusOK)
		s.wantBehind(t, s.RequireScope("notes:read"), token, http.StatusOK)
		s.wantBehind(t, s.RequireScope("notes"), token, http.StatusForbidden)
		s.wantBehind(t, s.RequireRole("notes:export"), token, http.StatusForbidden)
		if claims, err := s.Token(t.Context(), token); err != nil || claims.Subject() != m.ID || claims.ClientID() != m.ID || claims.SessionID() != "" {
			t.Errorf("got %v, %v, want the machine %s without a session", claims.LogValue(), err, m.ID)
		}

		d.operate(t, "clients", "revoke", m.ID)
		s.awaitRefused(t, token)
		again := m.token(t, all[0])
		s.wantBehind(t, s.RequireScope("notes:export"), again, http.StatusOK)
		d.operate(t, "clients", "delete", m.ID, "--yes")
		s.awaitRefused(t, again)
		if a := m.ask(t, all[0]); a.status != http.StatusUnauthorized {
			t.Errorf("a deleted client asks for a token: got %v, want 401", a)
		}
	})
}

// machine is a client with a secret.
type machine struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// machine makes a client, with these scopes.
func (d *deployment) machine(t testing.TB, name string, scopes ...string) (m machine) {
	t.Helper()
	args := []string{"clients", "create", "--json", name}
	for _, scope := range scopes {
		args = append(args, "--scope", scope)
	}
	line, _, _ := strings.Cut(d.operate(t, args...), "}")
	if err := json.Unmarshal([]byte(line[strings.Index(line, "{"):]+"}"), &m); err != nil || m.ID == "" || m.Secret == "" {
		t.Fatalf("clients create says %q (%v)", line, err)
	}
	return m
}

// ask asks for a token of its own.
func (m machine) ask(t testing.TB, p *process) answer {
	t.Helper()
	form := strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode())
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.addr+"/oauth/token", form)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.SetBasicAuth(url.QueryEscape(m.ID), url.QueryEscape(m.Secret)) // RFC 6749, section 2.3.1
	response, err := newClient(t).Do(q)
	if err != nil {
		t.Fatal(err)
	}
	a, err := readAnswer(response)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// token is the access token that a machine is given.
func (m machine) token(t testing.TB, p *process) string {
	t.Helper()
	a := m.ask(t, p)
	var given struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(a.body, &given); err != nil || a.status != http.StatusOK || given.Token == "" {
		t.Fatalf("a token for a machine: got %v (%v), want 200", a, err)
	}
	return given.Token
}
