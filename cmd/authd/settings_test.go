package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/api"
	"github.com/authd/authd/internal/tokens"
)

// read returns serve's settings for a command line and an environment.
func read(args []string, environ ...string) (*serveCmd, error) {
	command, err := parse(args, process{environ, strings.NewReader(""), io.Discard, io.Discard})
	if err != nil {
		return nil, err
	}
	return command.Selected().Target.Addr().Interface().(*serveCmd), nil
}

// faultsOf returns the faults of an environment, a line each.
func faultsOf(t *testing.T, args []string, environ ...string) []string {
	t.Helper()
	_, err := read(args, environ...)
	if err == nil {
		return nil
	}
	_, lines, _ := strings.Cut(err.Error(), "\n")
	var faults []string
	for line := range strings.SplitSeq(lines, "\n") {
		faults = append(faults, strings.TrimSpace(line))
	}
	return faults
}

// drawn is a master key as a random source makes them, with a letter to tell several apart.
func drawn(letter byte) string {
	key := make([]byte, masterKeySize)
	for i := range key {
		key[i] = byte(i*i*7) ^ letter<<1 ^ byte(i<<3)
	}
	return base64.StdEncoding.EncodeToString(key)
}

func TestDefaultsAreThoseOfTheTable(t *testing.T) {
	t.Parallel()
	got, err := read(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := settings{
		listenSettings: listenSettings{Addr: "127.0.0.1:8080"},
		adminSettings:  adminSettings{AdminAddr: "127.0.0.1:8081"},
		storeSettings:  storeSettings{DataDir: "./authd-data"},
		tokenSettings: tokenSettings{
			Issuer: "http://127.0.0.1:8080", Audience: []string{"http://127.0.0.1:8080"},
			AccessTTL: 5 * time.Minute, RefreshIdleTTL: 7 * 24 * time.Hour, SessionTTL: 30 * 24 * time.Hour,
			RetryWindow: time.Minute, JWKSMaxAge: 5 * time.Minute, KeyRotation: 30 * 24 * time.Hour,
		},
		keySettings:      keySettings{SigningAlg: "ES256"},
		passwordSettings: passwordSettings{BcryptCost: 12, PasswordMinLength: 8},
		accountSettings:  accountSettings{Registration: "open", SessionsPerUser: 100},
		throttleSettings: throttleSettings{ThrottleAccount: 10, ThrottleSource: 60},
		auditSettings:    auditSettings{AuditRetention: 90 * 24 * time.Hour},
		logSettings:      logSettings{LogLevel: slog.LevelInfo},
	}
	if diff := cmp.Diff(want, got.settings, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("defaults differ (-want +got):\n%s", diff)
	}
	if !got.migrates() {
		t.Error("SQLite does not migrate by default")
	}
}

func TestEverySettingOfTheTableIsAFlagAndAVariable(t *testing.T) {
	t.Parallel()
	r := newReader(nil)
	if _, err := newParser(r, process{stdout: io.Discard, stderr: io.Discard}, func(int) {}); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, flag := range r.settings {
		got[envName(flag)] = true
	}
	want := map[string]bool{}
	for name := range strings.FieldsSeq(`
		AUTHD_ADDR AUTHD_ADMIN_ADDR AUTHD_ADMIN_TOKEN AUTHD_ADMIN_TOKEN_FILE AUTHD_ADMIN_HOSTS
		AUTHD_DATABASE_URL AUTHD_DATABASE_URL_FILE AUTHD_DATA_DIR AUTHD_AUTO_MIGRATE
		AUTHD_ISSUER AUTHD_AUDIENCE AUTHD_MASTER_KEY AUTHD_MASTER_KEY_FILE
		AUTHD_ACCESS_TTL AUTHD_REFRESH_IDLE_TTL AUTHD_SESSION_TTL AUTHD_RETRY_WINDOW
		AUTHD_SIGNING_ALG AUTHD_KEY_ROTATION AUTHD_JWKS_MAX_AGE
		AUTHD_BCRYPT_COST AUTHD_PASSWORD_MIN_LENGTH AUTHD_REGISTRATION AUTHD_SESSIONS_PER_USER
		AUTHD_THROTTLE_ACCOUNT AUTHD_THROTTLE_SOURCE AUTHD_TRUSTED_PROXIES AUTHD_CORS_ORIGINS
		AUTHD_AUDIT_RETENTION AUTHD_LOG_LEVEL AUTHD_LOG_FORMAT`) {
		want[name] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names differ (-want +got):\n%s", diff)
	}
}

// A word that the keyring does not know would be found after the listener is up, and one that is missing
// here could not be chosen.
func TestEveryAlgorithmOfTheKeyringCanBeChosen(t *testing.T) {
	t.Parallel()
	field, _ := reflect.TypeFor[keySettings]().FieldByName("SigningAlg")
	var want []string
	for _, alg := range tokens.Algs() {
		want = append(want, string(alg))
	}
	if diff := cmp.Diff(want, strings.Fields(field.Tag.Get("words"))); diff != "" {
		t.Errorf("words of the setting (-want +got):\n%s", diff)
	}
	if got := field.Tag.Get("default"); got != want[0] {
		t.Errorf("default: got %s, want %s", got, want[0])
	}
}

func TestFlagGoesBeforeVariableBeforeDefault(t *testing.T) {
	t.Parallel()
	got, err := read([]string{"--access-ttl=1m"}, "AUTHD_ACCESS_TTL=2m", "AUTHD_SESSION_TTL=200h", "AUTHD_AUTO_MIGRATE=false")
	if err != nil {
		t.Fatal(err)
	}
	if got.AccessTTL != time.Minute {
		t.Errorf("access TTL is %v, want the flag's 1m", got.AccessTTL)
	}
	if got.SessionTTL != 200*time.Hour {
		t.Errorf("session TTL is %v, want the variable's 200h", got.SessionTTL)
	}
	if got.migrates() {
		t.Error("AUTHD_AUTO_MIGRATE=false did not switch migrations off")
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	pg := "AUTHD_DATABASE_URL=postgres://authd@db/authd"
	tests := []struct {
		claim   string
		args    []string
		environ []string
		want    []string // how the lines begin
	}{
		{claim: "a misspelt name comes with the nearest right one", environ: []string{"AUTHD_ACESS_TTL=5m"},
			want: []string{"AUTHD_ACESS_TTL: no such setting; the nearest is AUTHD_ACCESS_TTL"}},
		{claim: "every fault is told at once, the flag by the flag's name",
			args:    []string{"--retry-window=0s"},
			environ: []string{"AUTHD_ACCESS_TTL=soon", "AUTHD_BCRYPT_COST=4", "AUTHD_ISUER=x", "AUTHD_REGISTRATION=ajar"},
			want: []string{`--retry-window: "0s": want a duration of at least 1s`, `AUTHD_ACCESS_TTL: "soon": want`,
				`AUTHD_BCRYPT_COST: "4": want a whole number from 10 to 14`, `AUTHD_REGISTRATION: "ajar": want open or closed`,
				"AUTHD_ISUER: no such setting; the nearest is AUTHD_ISSUER"}},
		{claim: "an access token of more than an hour", environ: []string{"AUTHD_ACCESS_TTL=61m"}, want: []string{"AUTHD_ACCESS_TTL:"}},
		{claim: "part of a second", environ: []string{"AUTHD_ACCESS_TTL=1500ms"}, want: []string{`AUTHD_ACCESS_TTL: "1500ms": want whole seconds`}},
		{claim: "a negative duration", environ: []string{"AUTHD_SESSION_TTL=-1h"}, want: []string{"AUTHD_SESSION_TTL:"}},
		{claim: "a key set kept for more than an hour", environ: []string{"AUTHD_JWKS_MAX_AGE=2h"}, want: []string{"AUTHD_JWKS_MAX_AGE:"}},
		{claim: "keys that turn faster than caches forget", environ: []string{"AUTHD_KEY_ROTATION=78s"},
			want: []string{"AUTHD_KEY_ROTATION: 1m18s is too short for caches that keep the key set for 5m0s (AUTHD_JWKS_MAX_AGE): want at least 1m19s"}},
		{claim: "keys that never stand still", environ: []string{"AUTHD_KEY_ROTATION=3s", "AUTHD_JWKS_MAX_AGE=1s"}, want: []string{"AUTHD_KEY_ROTATION:"}},
		{claim: "an idle end after the absolute one", environ: []string{"AUTHD_SESSION_TTL=24h"}, want: []string{"AUTHD_REFRESH_IDLE_TTL: 168h0m0s is longer"}},
		{claim: "bcrypt above 14", environ: []string{"AUTHD_BCRYPT_COST=15"}, want: []string{"AUTHD_BCRYPT_COST:"}},
		{claim: "passwords of fewer than 8 characters", environ: []string{"AUTHD_PASSWORD_MIN_LENGTH=7"}, want: []string{"AUTHD_PASSWORD_MIN_LENGTH:"}},
		{claim: "an empty value", environ: []string{"AUTHD_DATABASE_URL="}, want: []string{"AUTHD_DATABASE_URL: set, but empty"}},
		{claim: "a bool that is neither", environ: []string{"AUTHD_AUTO_MIGRATE=yes"}, want: []string{`AUTHD_AUTO_MIGRATE: "yes": want true or false`}},
		{claim: "an address without a port", environ: []string{"AUTHD_ADDR=localhost"}, want: []string{"AUTHD_ADDR:"}},
		{claim: "a port that is no number", environ: []string{"AUTHD_ADDR=127.0.0.1:http"}, want: []string{"AUTHD_ADDR:"}},
		{claim: "a public address without an issuer", environ: []string{"AUTHD_ADDR=:8080"}, want: []string{"AUTHD_ISSUER: required unless"}},
		{claim: "port 0 without an issuer", environ: []string{"AUTHD_ADDR=127.0.0.1:0"}, want: []string{"AUTHD_ISSUER: required with port 0"}},
		{claim: "an issuer that is no URL", environ: []string{"AUTHD_ISSUER=authd"}, want: []string{"AUTHD_ISSUER:"}},
		{claim: "an issuer with a query", environ: []string{"AUTHD_ISSUER=https://a.example?x=1"}, want: []string{"AUTHD_ISSUER:"}},
		{claim: "an issuer with an empty fragment", environ: []string{"AUTHD_ISSUER=https://a.example#"}, want: []string{"AUTHD_ISSUER:"}},
		{claim: "an issuer with a user", environ: []string{"AUTHD_ISSUER=https://me@a.example"}, want: []string{"AUTHD_ISSUER:"}},
		{claim: "an issuer with a blank", environ: []string{"AUTHD_ISSUER=https://a.example/ "}, want: []string{"AUTHD_ISSUER:"}},
		{claim: "an issuer that is not in ASCII", environ: []string{"AUTHD_ISSUER=https://a.example/\xff"}, want: []string{"AUTHD_ISSUER:"}},
		{claim: "an audience with an empty place", environ: []string{"AUTHD_AUDIENCE=a,,b"}, want: []string{"AUTHD_AUDIENCE:"}},
		{claim: "an audience twice", environ: []string{"AUTHD_AUDIENCE=a,a"}, want: []string{"AUTHD_AUDIENCE:"}},
		{claim: "a database of another kind", environ: []string{"AUTHD_DATABASE_URL=mysql://db", "AUTHD_MASTER_KEY=" + drawn('a')}, want: []string{"AUTHD_DATABASE_URL: want postgres://"}},
		{claim: "a database setting that makes no sense", environ: []string{pg + "?pool_max_conns=many", "AUTHD_MASTER_KEY=" + drawn('a')}, want: []string{"AUTHD_DATABASE_URL: malformed"}},
		{claim: "a way of asking that quotes values into SQL", environ: []string{pg + "?default_query_exec_mode=simple_protocol", "AUTHD_MASTER_KEY=" + drawn('a')}, want: []string{"AUTHD_DATABASE_URL: asks for the simple protocol"}},
		{claim: "PostgreSQL without a master key", environ: []string{pg}, want: []string{"AUTHD_MASTER_KEY: required with PostgreSQL"}},
		{claim: "a secret and its file", environ: []string{pg, "AUTHD_DATABASE_URL_FILE=/x", "AUTHD_MASTER_KEY=" + drawn('a')},
			want: []string{"AUTHD_DATABASE_URL: set, and AUTHD_DATABASE_URL_FILE too"}},
		{claim: "a secret's file that is not there", environ: []string{"AUTHD_MASTER_KEY_FILE=/nonexistent/key"}, want: []string{"AUTHD_MASTER_KEY_FILE: open /nonexistent/key"}},
		{claim: "an admin address without a port", environ: []string{"AUTHD_ADMIN_ADDR=127.0.0.1"}, want: []string{`AUTHD_ADMIN_ADDR: "127.0.0.1": want HOST:PORT`}},
		{claim: "one address for users and operators", environ: []string{"AUTHD_ADMIN_ADDR=127.0.0.1:8080"}, want: []string{"AUTHD_ADMIN_ADDR: the same as AUTHD_ADDR"}},
		{claim: "an admin token of 31 characters", environ: []string{"AUTHD_ADMIN_TOKEN=0123456789abcdef0123456789abcde"}, want: []string{"AUTHD_ADMIN_TOKEN: want at least 32"}},
		{claim: "D12: an admin token of few letters", environ: []string{"AUTHD_ADMIN_TOKEN=" + strings.Repeat("abcdefg", 9)}, want: []string{"AUTHD_ADMIN_TOKEN: follows a pattern"}},
		{claim: "an admin token that no header can hold", environ: []string{"AUTHD_ADMIN_TOKEN=a pass phrase of more than 32 letters"}, want: []string{"AUTHD_ADMIN_TOKEN: want letters"}},
		{claim: "an admin token and its file", environ: []string{"AUTHD_ADMIN_TOKEN=0123456789abcdef0123456789abcdef", "AUTHD_ADMIN_TOKEN_FILE=/x"},
			want: []string{"AUTHD_ADMIN_TOKEN: set, and AUTHD_ADMIN_TOKEN_FILE too"}},
		{claim: "an admin host with a port", environ: []string{"AUTHD_ADMIN_HOSTS=admin.example:8081"}, want: []string{`AUTHD_ADMIN_HOSTS: "admin.example:8081": want a name`}},
		{claim: "an admin host that is a URL", environ: []string{"AUTHD_ADMIN_HOSTS=ok.example,https://admin.example"}, want: []string{`AUTHD_ADMIN_HOSTS: "https://admin.example"`}},
		{claim: "every host", environ: []string{"AUTHD_ADMIN_HOSTS=*"}, want: []string{"AUTHD_ADMIN_HOSTS:"}},
		{claim: "a signature that whoever checks it can make", environ: []string{"AUTHD_SIGNING_ALG=HS256"}, want: []string{`AUTHD_SIGNING_ALG: "HS256": want ES256 or EdDSA or RS256`}},
		{claim: "no signature", environ: []string{"AUTHD_SIGNING_ALG=none"}, want: []string{"AUTHD_SIGNING_ALG:"}},
		{claim: "an algorithm in other letters", environ: []string{"AUTHD_SIGNING_ALG=eddsa"}, want: []string{"AUTHD_SIGNING_ALG:"}},
		{claim: "a human format by another word", environ: []string{"AUTHD_LOG_FORMAT=text"}, want: []string{"AUTHD_LOG_FORMAT:"}},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			t.Parallel()
			got := faultsOf(t, tt.args, tt.environ...)
			match := len(got) == len(tt.want)
			for i := range min(len(got), len(tt.want)) {
				match = match && strings.HasPrefix(got[i], tt.want[i])
			}
			if !match {
				t.Errorf("got faults\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
		})
	}
}

func TestAPagesOriginIsSpelledAsBrowsersSendIt(t *testing.T) { // F18
	t.Parallel()
	got, err := read(nil, "AUTHD_CORS_ORIGINS=https://app.example, http://localhost:3000,https://xn--bcher-kva.example:8443")
	if err != nil {
		t.Fatal(err)
	}
	want := []api.PageOrigin{"https://app.example", "http://localhost:3000", "https://xn--bcher-kva.example:8443"}
	if diff := cmp.Diff(want, got.CORSOrigins); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, text := range []string{"*", "null", "https://*.example", "app.example", "https://app.example/", "https://App.example",
		"https://app.example:443", "http://localhost:80", "ftp://app.example", "https://a.example,https://a.example", "https://"} {
		faults := faultsOf(t, nil, "AUTHD_CORS_ORIGINS="+text)
		if len(faults) != 1 || !strings.HasPrefix(faults[0], "AUTHD_CORS_ORIGINS: ") {
			t.Errorf("%s: got faults %q, want one of this name", text, faults)
		}
	}
}

func TestAPageByHTTPIsNoPageOfAnIssuerByHTTPS(t *testing.T) { // F18
	t.Parallel()
	for setting, faulty := range map[string]bool{
		"http://app.example": true, "https://app.example": false, "http://localhost:3000": false, "http://127.0.0.1:3000": false,
	} {
		faults := faultsOf(t, nil, "AUTHD_ISSUER=https://login.example", "AUTHD_CORS_ORIGINS="+setting)
		if (len(faults) > 0) != faulty {
			t.Errorf("%s: got faults %q", setting, faults)
		}
	}
	if faults := faultsOf(t, nil, "AUTHD_ISSUER=http://192.0.2.7:8080", "AUTHD_CORS_ORIGINS=http://192.0.2.7:3000"); len(faults) != 0 {
		t.Errorf("with an issuer by http: got faults %q", faults)
	}
}

func TestSettingsOfTheAdminListenerAreTaken(t *testing.T) {
	t.Parallel()
	got, err := read(nil, "AUTHD_ADMIN_ADDR=", "AUTHD_ADMIN_TOKEN=0123456789abcdef0123456789abcdef", "AUTHD_ADMIN_HOSTS=Admin.Example, console")
	if err != nil {
		t.Fatal(err)
	}
	if got.AdminAddr != "" {
		t.Errorf("an empty address is %q, want the listener off", got.AdminAddr)
	}
	if diff := cmp.Diff([]string{"admin.example", "console"}, got.AdminHosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	if got.AdminToken.Reveal() != "0123456789abcdef0123456789abcdef" {
		t.Error("the token is another")
	}
}

func TestTrustedProxiesAreAddressesAndPrefixes(t *testing.T) {
	t.Parallel()
	got, err := read(nil, "AUTHD_TRUSTED_PROXIES=10.0.0.0/8, 192.0.2.7,2001:db8::/32,::1, ::ffff:192.0.2.8")
	if err != nil {
		t.Fatal(err)
	}
	want := "10.0.0.0/8 192.0.2.7/32 2001:db8::/32 ::1/128 192.0.2.8/32"
	if got := strings.Trim(fmt.Sprint(got.TrustedProxies), "[]"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, text := range []string{"", "proxy.internal", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "10.0.0.1:80", "fe80::1%eth0", "::ffff:10.0.0.0/104",
		"0.0.0.0/0", "::/0", "10.0.0.0/8,", "*", "10.0.0.0-10.0.0.9", "10.0.0.7,10.0.0.7"} {
		got := faultsOf(t, nil, "AUTHD_TRUSTED_PROXIES="+text)
		if len(got) != 1 || !strings.HasPrefix(got[0], "AUTHD_TRUSTED_PROXIES: ") {
			t.Errorf("%q: got %q, want one fault", text, got)
		}
	}
}

func TestNamesOfServiceLinksArePassedOver(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"AUTHD_SERVICE_HOST", "AUTHD_SERVICE_PORT", "AUTHD_SERVICE_PORT_HTTP", "AUTHD_PORT", "AUTHD_PORT_8080_TCP",
		"AUTHD_PORT_8080_TCP_ADDR", "AUTHD_PORT_53_UDP_PROTO", "AUTHD_ADMIN_SERVICE_HOST", "AUTHD_ADMIN_PORT_8081_TCP_PORT",
	} {
		if got := faultsOf(t, nil, name+"=tcp://10.0.0.1:8080"); got != nil {
			t.Errorf("%s: got %q, want it passed over", name, got)
		}
	}
	for _, name := range []string{"AUTHD_PORTS", "AUTHD_PORT_X_TCP", "AUTHD_SERVICE", "AUTHD_HOST"} {
		if got := faultsOf(t, nil, name+"=1"); len(got) != 1 {
			t.Errorf("%s: got %q, want one fault", name, got)
		}
	}
}

func TestSecretsComeFromFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	url, key := filepath.Join(folder, "url"), filepath.Join(folder, "key")
	for path, text := range map[string]string{url: "postgres://authd:geheim@db/authd\r\n", key: drawn('a') + "," + drawn('b') + "\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := read(nil, "AUTHD_DATABASE_URL_FILE="+url, "AUTHD_MASTER_KEY_FILE="+key)
	if err != nil {
		t.Fatal(err)
	}
	if text := got.DatabaseURL.Reveal(); text != "postgres://authd:geheim@db/authd" {
		t.Errorf("database URL is %q", text)
	}
	if len(got.masterKeys) != 2 {
		t.Errorf("got %d master keys, want 2", len(got.masterKeys))
	}
	if got.migrates() {
		t.Error("PostgreSQL migrates by default")
	}
}

// I1, I6: whatever is wrong with a secret, its text stays out of what is printed.
func TestFaultsDoNotRepeatSecrets(t *testing.T) {
	t.Parallel()
	const canary = "canary-3f9a"
	for _, environ := range [][]string{
		{"AUTHD_MASTER_KEY=" + canary},
		{"AUTHD_DATABASE_URL=ftp://u:" + canary + "@db"},
		{"AUTHD_DATABASE_URL=postgres://u:" + canary + "%zz@db/x", "AUTHD_MASTER_KEY=" + canary},
		{"AUTHD_DATABASE_URL=" + canary, "AUTHD_DATABASE_URL_FILE=/x"},
		{"AUTHD_ADMIN_TOKEN=" + canary},
		{"AUTHD_ADMIN_TOKE=" + canary},
	} {
		_, err := read(nil, environ...)
		if err == nil {
			t.Errorf("%s was taken", environ)
		} else if strings.Contains(err.Error(), canary) {
			t.Errorf("the fault repeats the secret: %v", err)
		}
	}
	for _, args := range [][]string{{"--master-key", canary}, {"--database-url=" + canary}, {"--admin-token=" + canary}} {
		if _, err := read(args); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: got %v, want an error without the secret", args[0], err)
		}
	}
}

func TestNearestCountsLetters(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"abc", "abc", 0}, {"ISSUER_URL", "ISSUER", 4}}
	for _, tt := range tests {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
