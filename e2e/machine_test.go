//go:build unix

package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// machine is a client with a secret.
type machine struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// machine makes a client.
func (d *deployment) machine(t testing.TB, name string) (m machine) {
	t.Helper()
	line, _, _ := strings.Cut(d.operate(t, "clients", "create", "--json", name), "}")
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
