package api

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/authd/authd/internal/auth"
)

// PageOrigin is where a page comes from, in the one spelling that browsers send: https://app.example,
// with a port only if it is not the scheme's own. Origins are compared letter by letter and never by
// pattern: every rule about beginnings and ends lets somebody in who registered a name that fits (F18).
type PageOrigin string

// ParsePageOrigin takes the text of one origin, and says what is wrong with others.
func ParsePageOrigin(text string) (PageOrigin, error) {
	scheme, host, found := strings.Cut(text, "://")
	switch {
	case strings.Contains(text, "*"):
		return "", errors.New("want each origin in full: there is no pattern for them")
	case text == "null":
		return "", errors.New("null is the origin of everybody who hides theirs")
	case !found || scheme != "https" && scheme != "http":
		return "", errors.New("want an origin such as https://app.example")
	case strings.ContainsAny(host, "/?#@"):
		return "", errors.New("want scheme, host and port alone, and no / at the end")
	case text != strings.ToLower(text):
		return "", errors.New("want lower case, as browsers send it")
	}
	if err := checkPageHost(scheme, host); err != nil {
		return "", err
	}
	return PageOrigin(text), nil
}

// checkPageHost wants a host as browsers write it: what is written otherwise would never match.
func checkPageHost(scheme, host string) error {
	name := host
	if at := strings.LastIndexByte(host, ':'); at >= 0 && !strings.HasSuffix(host, "]") {
		port, err := strconv.ParseUint(host[at+1:], 10, 16)
		switch {
		case err != nil || port == 0 || strconv.FormatUint(port, 10) != host[at+1:]:
			return errors.New("want a port from 1 to 65535")
		case scheme == "https" && port == 443, scheme == "http" && port == 80:
			return errors.New("leave the port out: browsers do not send the scheme's own")
		}
		name = host[:at]
	}
	if inner, bracketed := strings.CutPrefix(name, "["); bracketed {
		inner, closed := strings.CutSuffix(inner, "]")
		if address, err := netip.ParseAddr(inner); err != nil || !closed || !address.Is6() || address.String() != inner {
			return errors.New("want an IPv6 address in its shortest form, in brackets")
		}
		return nil
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" || strings.Trim(name, ".") == "" {
		return errors.New("want a host in ASCII, with other alphabets in their xn-- form")
	}
	return nil
}

// Insecure reports whether the page came over a line that others may write on: by http, and not from
// this machine. Whoever is on that line is then the page.
func (o PageOrigin) Insecure() bool { return !isSecure(string(o)) }

// isSecure reports whether a browser keeps secrets for an address: it is https, or of this machine
// (W3C Secure Contexts, section 3.1).
func isSecure(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	name := strings.ToLower(u.Hostname())
	ip := net.ParseIP(name)
	return byHTTPS(address) || name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
}

// origins are the pages of other origins that users sign in on.
type origins struct {
	listed map[string][]string // as it was listed, ready to be a header's value
	others http.CrossOriginProtection
}

func newOrigins(list []PageOrigin) (*origins, error) {
	o := &origins{listed: make(map[string][]string, len(list))}
	for _, origin := range list {
		if _, err := ParsePageOrigin(string(origin)); err != nil {
			return nil, err
		}
		if err := o.others.AddTrustedOrigin(string(origin)); err != nil {
			return nil, err
		}
		o.listed[string(origin)] = []string{string(origin)}
	}
	return o, nil
}

var errCrossOrigin = &auth.Error{Kind: auth.Forbidden, Code: "cross_origin",
	Public: "What a cookie is for may be asked by pages of this origin, and of those that AUTHD_CORS_ORIGINS lists."}

// check refuses what a page may have caused that has no business here. It is asked where a cookie is
// set, used or cleared. SameSite=Strict keeps pages of other sites away, but a site is every host below
// a registered domain: this is what stands between the cookie and a neighbour there (F19).
//
// Neither header means that no browser of today sent it, and an older one may have. The library lets
// that pass, for programs. A program that has the token needs no cookie to send it, so here it does not:
// a proxy that takes both headers away then costs a sign-in, and not the protection.
func (o *origins) check(r *http.Request) error {
	from, site := r.Header["Origin"], r.Header["Sec-Fetch-Site"]
	if len(from) > 1 || len(site) > 1 || len(from)+len(site) == 0 || o.others.Check(r) != nil {
		return errCrossOrigin
	}
	return nil
}
