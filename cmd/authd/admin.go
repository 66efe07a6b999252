package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/authd/authd/internal/api"
	"github.com/authd/authd/internal/auth"
)

const (
	leastAdminToken = api.LeastAdminToken
	leastDistinct   = 8 // 32 random hexadecimal digits have fewer once in about 10^7
)

func (s *adminSettings) settle(f *faults, public string) {
	s.settleAddr(f, public)
	s.settleToken(f)
	for i, host := range s.AdminHosts {
		if !hostName.MatchString(host) {
			f.add("AUTHD_ADMIN_HOSTS", "%s: want a name without a scheme, a port or a path; addresses need no entry", shown(host))
		}
		s.AdminHosts[i] = strings.ToLower(host)
	}
}

func (s *adminSettings) settleAddr(f *faults, public string) {
	if s.AdminAddr == "" {
		return
	}
	if _, port, err := splitAddr(s.AdminAddr); err != nil {
		f.add("AUTHD_ADMIN_ADDR", "%s: %v", shown(s.AdminAddr), err)
	} else if s.AdminAddr == public && port != 0 {
		f.add("AUTHD_ADMIN_ADDR", "the same as AUTHD_ADDR: operators and users are served apart")
	}
}

func (s *adminSettings) settleToken(f *faults) {
	const name = "AUTHD_ADMIN_TOKEN"
	before := len(f.lines)
	fromFile(f, name, &s.AdminToken, s.AdminTokenFile)
	if len(f.lines) > before || s.AdminToken.IsZero() {
		return
	}
	if err := checkAdminToken(s.AdminToken); err != nil {
		f.add(name, "%v", err)
	}
}

// hostName is a name as DNS has them, and as container networks do, which have underscores too.
var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// token68 is what fits into an Authorization header (RFC 9110, section 11.2).
var token68 = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// checkAdminToken refuses what can be guessed: short texts and those of a few letters (D12).
func checkAdminToken(token auth.Secret) error {
	text := token.Reveal()
	distinct := map[rune]bool{}
	for _, c := range text {
		distinct[c] = true
	}
	switch {
	case len(text) < leastAdminToken:
		return fmt.Errorf("want at least %d characters: authd init DIR or openssl rand -hex 32 makes one", leastAdminToken)
	case !token68.MatchString(text):
		return errors.New("want letters, digits and -._~+/ alone: nothing else fits into an Authorization header")
	case len(distinct) < leastDistinct:
		return errors.New("follows a pattern: authd init DIR or openssl rand -hex 32 makes one")
	}
	return nil
}
