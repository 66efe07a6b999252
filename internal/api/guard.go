package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

var (
	errHost = &auth.Error{Kind: auth.Misdirected, Code: "host_not_allowed",
		Public: "Ask this listener by an address, such as 127.0.0.1, or by a name that AUTHD_ADMIN_HOSTS has."}
	errAdminToken = &auth.Error{Kind: auth.InvalidToken, Code: "invalid_token",
		Public: "The admin token is missing or wrong."}
)

// guard stands in front of every route of the admin listener, those that do not exist included: who has
// no token learns nothing of what is there.
type guard struct {
	token [sha256.Size]byte // of the token: what is compared has one length
	hosts []string
	open  []string // paths that machines ask, without a token and by any name
	told  audit.Sink
	next  http.Handler
}

func newGuard(token auth.Secret, hosts []string, told audit.Sink, routes []route, next http.Handler) *guard {
	g := &guard{token: sha256.Sum256([]byte(token.Reveal())), hosts: hosts, told: told, next: next}
	for _, route := range routes {
		if route.open {
			g.open = append(g.open, route.pattern)
		}
	}
	return g
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := g.check(r); err != nil {
		x := w.(*exchange) // the front made it
		g.tell(x, r, err)
		writeError(x, r, err)
		return
	}
	g.next.ServeHTTP(w, r)
}

// tell has it written down that somebody got as far as this listener (I7). What was shown as a token is
// not: it may be one of another place.
func (g *guard) tell(x *exchange, r *http.Request, err error) {
	from := operator(x, r)
	reason := audit.InvalidToken
	if errors.Is(err, errHost) {
		reason = audit.HostNotAllowed
	}
	g.told(context.WithoutCancel(r.Context()), audit.Event{Name: audit.AdminRefused, Reason: reason, Actor: from.Actor,
		Address: from.Address, UserAgent: from.UserAgent})
}

func (g *guard) check(r *http.Request) error {
	if slices.Contains(g.open, r.URL.EscapedPath()) {
		return nil
	}
	if !allowedHost(r.Host, g.hosts) {
		return errHost
	}
	shown, err := bearer(r)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(shown))
	if subtle.ConstantTimeCompare(sum[:], g.token[:]) != 1 {
		return errAdminToken
	}
	return nil
}

// allowedHost is the rule against DNS rebinding. A page of somebody else's can give its own name the
// address of this listener and then ask it as if it were its own server; but the browser still sends
// that name. An address cannot be rebound, and names are those that the operator listed, which
// localhost is not by itself: what it means is for each machine's resolver to say.
func allowedHost(host string, names []string) bool {
	name, port, isAddress := host, "", false
	if at := strings.LastIndexByte(host, ':'); at >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:at], host[at+1:]
		if port == "" || strings.Trim(port, "0123456789") != "" {
			return false
		}
	}
	if inner, bracketed := strings.CutPrefix(name, "["); bracketed {
		inner, closed := strings.CutSuffix(inner, "]")
		address, err := netip.ParseAddr(inner)
		isAddress = closed && err == nil && address.Is6()
	} else {
		address, err := netip.ParseAddr(name)
		isAddress = err == nil && address.Is4()
	}
	return isAddress || slices.Contains(names, strings.ToLower(name))
}
