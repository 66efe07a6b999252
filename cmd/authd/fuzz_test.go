package main

import (
	"encoding/base64"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/auth"
)

// FuzzSettings looks for an environment that panics, that is taken with a value out of range, or whose
// fault is not told on a line of its own.
func FuzzSettings(f *testing.F) {
	f.Add("AUTHD_ACCESS_TTL", "5m")
	f.Add("AUTHD_AUDIENCE", "a, b ,c")
	f.Add("AUTHD_ADDR", "[::1]:8080")
	f.Add("AUTHD_MASTER_KEY", drawn('a'))
	f.Add("AUTHD_ISSUER", "https://login.example/%zz")
	f.Add("AUTHD_SESSION_TTL", "9999999h")
	f.Add("AUTHD_AUTO_MIGRATE", "yes")
	f.Add("AUTHD_PASSWORD_MIN_LENGTH", "+8")
	f.Add("AUTHD_AUTHD_SERVICE_HOST", "10.0.0.1")
	f.Add("AUTHD_\x1b[31m", "x\ny")
	f.Fuzz(func(t *testing.T, name, value string) {
		got, err := read(nil, name+"="+value)
		if err != nil {
			if text := err.Error(); strings.ContainsAny(text, "\x00\x1b\r") {
				t.Errorf("%q=%q: the fault is no text for a terminal: %q", name, value, text)
			}
			return
		}
		if got.AccessTTL <= 0 || got.AccessTTL > time.Hour || got.RefreshIdleTTL > got.SessionTTL || got.RetryWindow <= 0 {
			t.Errorf("%s=%q was taken: %+v", name, value, got.tokenSettings)
		}
		if got.BcryptCost < 10 || got.BcryptCost > 14 || len(got.Audience) == 0 || got.Issuer == "" {
			t.Errorf("%s=%q was taken: %+v", name, value, got.settings)
		}
		if got.PasswordMinLength < 8 || got.SessionsPerUser < 1 || got.AuditRetention < time.Hour {
			t.Errorf("%s=%q was taken: %+v", name, value, got.settings)
		}
	})
}

// FuzzMasterKeys: keys that are taken are those that stand there, none twice, and a fault repeats nothing.
func FuzzMasterKeys(f *testing.F) {
	for _, text := range []string{"", drawn('a'), drawn('a') + "," + drawn('b'), drawn('a') + " , " + drawn('b'), drawn('a') + "," + drawn('a'), drawn('a') + ",",
		strings.Repeat("A", 43) + "=", strings.TrimRight(drawn('a'), "="), drawn('a')[:20] + "\n" + drawn('a')[20:],
		base64.StdEncoding.EncodeToString([]byte("correct horse battery staple 123"))} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := parseMasterKeys(auth.NewSecret(text))
		if err != nil {
			for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ' ' }) {
				if len(word) > 8 && strings.Contains(err.Error(), word) && !strings.Contains("key is not 32 bytes in base64: authd init DIR or openssl rand -base64 32 makes one", word) {
					t.Errorf("the fault repeats %q: %v", word, err)
				}
			}
			return
		}
		parts := strings.Split(text, ",")
		if len(parts) != len(keys) {
			t.Fatalf("%q: %d keys", text, len(keys))
		}
		seen := map[string]bool{}
		for i, key := range keys {
			// Line breaks in a key are what editors leave, and its decoder passes over them.
			want := strings.NewReplacer("\r", "", "\n", "").Replace(strings.TrimSpace(parts[i]))
			if got := base64.StdEncoding.EncodeToString([]byte(key.Reveal())); got != want || len(key.Reveal()) != masterKeySize || seen[got] {
				t.Errorf("%q: key %d is %q", text, i, got)
			}
			seen[want] = true
		}
	})
}

// FuzzDatabaseURL: a URL that is taken is one of PostgreSQL, and no fault repeats its password.
func FuzzDatabaseURL(f *testing.F) {
	for _, rest := range []string{"@db/authd", "@db:5432/authd?sslmode=require", "@db:x/authd", "@[::1", "@db/%zz", "@/authd?host=/run/postgresql", "@db/authd?sslmode=nonsense",
		"@db/authd?default_query_exec_mode=simple_protocol", "@a,b:1,c/authd?target_session_attrs=any", " @db", "@db/authd?pool_max_conns=0", "@db/authd?connect_timeout=-1", "#@db"} {
		f.Add("postgres://ada:", rest)
	}
	f.Add("host=db password=", " user=ada")
	f.Add("mysql://ada:", "@db/x")
	const password = "marked-7f3a9c52e1"
	f.Fuzz(func(t *testing.T, before, after string) {
		text := before + password + after
		faults := &faults{}
		s := storeSettings{DatabaseURL: auth.NewSecret(text), DataDir: "x"}
		s.settle(faults)
		err := faults.err()
		if err == nil {
			if u, parseErr := url.Parse(text); parseErr != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
				t.Errorf("%q was taken", text)
			}
		} else if strings.Contains(err.Error(), password) {
			t.Errorf("%q: the fault repeats the password: %v", text, err)
		}
	})
}

// FuzzSecretFile: a secret is what stands in its file, without the line breaks at its end.
func FuzzSecretFile(f *testing.F) {
	for _, text := range []string{"", "\n", "secret", "secret\n", "secret\r\n", "sec\nret\n", " secret ", "\x00", strings.Repeat("x", 64<<10), strings.Repeat("x", 64<<10+1)} {
		f.Add([]byte(text))
	}
	path := filepath.Join(f.TempDir(), "secret")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		secret, err := readSecretFile(path)
		want := strings.TrimRight(string(text), "\r\n")
		if taken := want != "" && len(text) <= 64<<10; taken != (err == nil) || taken && secret.Reveal() != want {
			t.Errorf("%d bytes: got %d, %v", len(text), len(secret.Reveal()), err)
		}
		if err != nil && want != "" && len(want) > 4 && strings.Contains(strings.ReplaceAll(err.Error(), path, ""), want) {
			t.Errorf("the fault repeats %q: %v", want, err)
		}
	})
}
