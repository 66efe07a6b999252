package main

import (
	"encoding/base64"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

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

// FuzzValues gives one text to the parser of every setting, which is much faster than starting from a
// whole environment: what is taken is what the setting's tags allow, and faults are text for a terminal.
func FuzzValues(f *testing.F) {
	for _, text := range []string{"", "5m", "1h0m1s", "-1s", "1e3s", "9999999h", "0.5s", "8", "+8", "08", "0x8", "٨", "info", "INFO", "a, b ,c", "a,,b", "a,a", "10.0.0.0/8",
		"10.0.0.1/8", "::ffff:10.0.0.1", "fe80::1%x", "https://login.example/%zz", "http://[::1", "https://a@b", ":8080", "[::1]:8080", "a:b:1", "127.0.0.1:+80", "open", "true"} {
		f.Add(text)
	}
	r := newReader(nil)
	parser, err := newParser(r, process{nil, strings.NewReader(""), io.Discard, io.Discard}, func(int) {})
	if err != nil {
		f.Fatal(err)
	}
	flags := settingsOf(parser.Model)
	f.Fuzz(func(t *testing.T, text string) {
		for _, flag := range flags {
			if err := parseAs(t, flag, text); err != nil && strings.ContainsAny(err.Error(), "\x00\x1b\r\n") {
				t.Errorf("%s=%q: the fault is no text for a terminal: %q", flag.Name, text, err)
			}
		}
		if host, port, err := splitAddr(text); err == nil {
			if again, _, err := splitAddr(net.JoinHostPort(host, strconv.Itoa(int(port)))); err != nil || again != host {
				t.Errorf("%q is the host %q and the port %d", text, host, port)
			}
		}
		if checkIssuer(text) == nil {
			if u, err := url.Parse(text); err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.ContainsAny(text, " \t\n") {
				t.Errorf("%q was taken for an issuer", text)
			}
		}
	})
}

// parseAs parses text as a setting's type does, and holds what comes out to the setting's tags.
func parseAs(t *testing.T, flag *kong.Flag, text string) error {
	t.Helper()
	refused := func(ok bool, value any) {
		if !ok {
			t.Errorf("%s=%q was taken: %v", flag.Name, text, value)
		}
	}
	switch flag.Target.Interface().(type) {
	case time.Duration:
		d, err := parseDuration(text, flag.Tag)
		most := durationOf(flag.Tag.Get("max"))
		refused(err != nil || d >= durationOf(flag.Tag.Get("min")) && (most == 0 || d <= most) && d%time.Second == 0, d)
		return err
	case int:
		n, err := parseInt(text, flag.Tag)
		least, _ := strconv.Atoi(flag.Tag.Get("min"))
		most, _ := strconv.Atoi(flag.Tag.Get("max"))
		refused(err != nil || least <= n && n <= most, n)
		return err
	case []string:
		list, err := parseList(text, flag.Tag)
		refused(err != nil || !slices.Contains(list, "") && len(slices.Compact(slices.Sorted(slices.Values(list)))) == len(list), list)
		return err
	case []netip.Prefix:
		list, err := parsePrefixes(text, flag.Tag)
		refused(!slices.ContainsFunc(list, func(p netip.Prefix) bool { return p != p.Masked() || !p.IsValid() }), list)
		return err
	case slog.Level:
		_, err := parseLevel(text, flag.Tag)
		refused(err != nil || slices.Contains(strings.Fields(flag.Tag.Get("words")), text), text)
		return err
	case string:
		got, err := parseText(text, flag.Tag)
		refused(err != nil || got == text, got)
		return err
	}
	return nil
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
