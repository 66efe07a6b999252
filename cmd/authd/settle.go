package main

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/postgres"
	"github.com/authd/authd/internal/tokens"
)

// To settle is to fill in what a default takes from other settings, to read the files that settings
// name, and to check what no single setting can know. A setting whose own text was bad is zero here
// and has its fault already.

func (s *settings) settle(f *faults) {
	s.listenSettings.settle(f)
	s.adminSettings.settle(f, s.Addr)
	s.storeSettings.settle(f)
	s.masterKeySettings.settle(f, s.postgres())
	s.tokenSettings.settle(f, s.Addr)
	s.listenSettings.settleOrigins(f, s.Issuer)
}

func (s *listenSettings) settle(f *faults) {
	if s.Addr == "" {
		return
	}
	if _, _, err := splitAddr(s.Addr); err != nil {
		f.add("AUTHD_ADDR", "%s: %v", shown(s.Addr), err)
	}
}

// settleOrigins refuses pages that whoever is on their line may rewrite, where the issuer is not: behind
// https they would be the one place to take tokens from.
func (s *listenSettings) settleOrigins(f *faults, issuer string) {
	for _, origin := range s.CORSOrigins {
		if strings.HasPrefix(issuer, "https:") && origin.Insecure() {
			f.add("AUTHD_CORS_ORIGINS", "%s: want https, as the issuer has it: by http anybody on the way may change the page", shown(string(origin)))
		}
	}
}

// splitAddr splits HOST:PORT. The port is a number, so that what is printed can be typed elsewhere.
func splitAddr(addr string) (host string, port uint16, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, errors.New("want HOST:PORT, such as 127.0.0.1:8080 or :8080")
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, errors.New("want a port from 0 to 65535")
	}
	return host, uint16(n), nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (s *storeSettings) settle(f *faults) {
	fromFile(f, "AUTHD_DATABASE_URL", &s.DatabaseURL, s.DatabaseURLFile)
	if !s.postgres() {
		return
	}
	// The parser's own error repeats the URL, password included.
	u, err := url.Parse(s.DatabaseURL.Reveal())
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		f.add("AUTHD_DATABASE_URL", "want postgres://user@host/database; without one authd uses SQLite in AUTHD_DATA_DIR")
		return
	}
	if err := postgres.CheckURL(s.DatabaseURL.Reveal()); err != nil {
		f.add("AUTHD_DATABASE_URL", "%v", err)
	}
}

// postgres reports which of the two stores was chosen.
func (s *storeSettings) postgres() bool { return !s.DatabaseURL.IsZero() }

// migrates reports whether a start may change the schema. A SQLite file belongs to one process;
// a PostgreSQL database may serve others that are not ready for a new schema.
func (s *storeSettings) migrates() bool {
	if s.AutoMigrate != nil {
		return *s.AutoMigrate
	}
	return !s.postgres()
}

func (s *masterKeySettings) settle(f *faults, postgres bool) {
	const name = "AUTHD_MASTER_KEY"
	before := len(f.lines)
	fromFile(f, name, &s.MasterKey, s.MasterKeyFile)
	switch {
	case len(f.lines) > before:
	case !s.MasterKey.IsZero():
		keys, err := parseMasterKeys(s.MasterKey)
		if err != nil {
			f.add(name, "%v", err)
		}
		s.masterKeys = keys
	case postgres:
		f.add(name, "required with PostgreSQL: authd init DIR makes one, AUTHD_MASTER_KEY_FILE=DIR/master.key names it")
	}
}

// fromFile replaces an unset secret by what the file of its _FILE twin holds.
func fromFile(f *faults, name string, secret *auth.Secret, path string) {
	if path == "" {
		return
	}
	if !secret.IsZero() {
		f.add(name, "set, and %s_FILE too: leave one of them out", name)
		return
	}
	text, err := readSecretFile(path)
	if err != nil {
		f.add(name+"_FILE", "%v", err)
		return
	}
	*secret = text
}

func (s *tokenSettings) settle(f *faults, addr string) {
	if s.Issuer == "" {
		s.Issuer = issuerOf(f, addr)
	} else if err := checkIssuer(s.Issuer); err != nil {
		f.add("AUTHD_ISSUER", "%s: %v", shown(s.Issuer), err)
	}
	if s.Audience == nil {
		s.Audience = []string{s.Issuer}
	}
	if least := tokens.MinRotation(s.JWKSMaxAge); s.KeyRotation != 0 && s.KeyRotation < least {
		f.add("AUTHD_KEY_ROTATION", "%v is too short for caches that keep the key set for %v (AUTHD_JWKS_MAX_AGE): want at least %v", s.KeyRotation, s.JWKSMaxAge, least)
	}
	if s.SessionTTL != 0 && s.RefreshIdleTTL > s.SessionTTL {
		f.add("AUTHD_REFRESH_IDLE_TTL", "%v is longer than AUTHD_SESSION_TTL, %v", s.RefreshIdleTTL, s.SessionTTL)
	}
}

// issuerOf makes an issuer of a loopback address. Elsewhere it is not guessed: the name that a
// container listens under is not the one that its clients know.
func issuerOf(f *faults, addr string) string {
	host, port, err := splitAddr(addr)
	switch {
	case err != nil: // has its fault
	case !isLoopback(host):
		f.add("AUTHD_ISSUER", "required unless AUTHD_ADDR is a loopback address: the URL that clients reach this service by")
	case port == 0:
		f.add("AUTHD_ISSUER", "required with port 0, which is another port after each start")
	}
	return "http://" + addr
}

// checkIssuer follows RFC 8414, section 2, but lets http pass: TLS may end in front of authd, and a
// laptop has none.
func checkIssuer(issuer string) error {
	// The parser lets blanks and any bytes stand in a path. Nobody who types the issuer elsewhere does.
	if strings.ContainsFunc(issuer, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return errors.New("want a URL in ASCII, without blanks")
	}
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("want an absolute http or https URL")
	}
	if u.User != nil || strings.ContainsAny(issuer, "?#") {
		return errors.New("want a URL without user, query or fragment")
	}
	return nil
}
