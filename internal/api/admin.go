package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// LeastAdminToken is how many characters an admin token has at least.
const LeastAdminToken = 32

// Users is what operators' routes need of the users. Errors that a client may learn of are *auth.Error.
// Who is not there is [accounts.ErrUserNotFound].
type Users interface {
	List(ctx context.Context, after string, limit int) ([]accounts.User, error)
	FindByName(ctx context.Context, username string) (accounts.User, error)
	User(ctx context.Context, id auth.UserID) (accounts.User, error)
	Create(ctx context.Context, username, password string, from tokens.Origin, roles ...string) (accounts.User, error)
	// Change applies all of change or nothing, and returns the user as changed.
	Change(ctx context.Context, id auth.UserID, change accounts.Change, from tokens.Origin) (accounts.User, error)
	Revoke(ctx context.Context, id auth.UserID, from tokens.Origin) error
	Delete(ctx context.Context, id auth.UserID, from tokens.Origin) error
	IssueReset(ctx context.Context, id auth.UserID, from tokens.Origin) (token auth.Secret, expires time.Time, err error)
}

// OperatorClients is what operators' routes need of the machine clients. What is not there is
// [accounts.ErrClientNotFound].
type OperatorClients interface {
	Clients(ctx context.Context, after auth.ClientID, limit int) ([]accounts.Client, error)
	CreateClient(ctx context.Context, n accounts.NewClient, from tokens.Origin) (accounts.Client, auth.Secret, error)
	RevokeClient(ctx context.Context, id auth.ClientID, from tokens.Origin) error
	DeleteClient(ctx context.Context, id auth.ClientID, from tokens.Origin) error
}

// OperatorSessions is what operators' routes need of the sessions. What is not there is
// [tokens.ErrSessionNotFound].
type OperatorSessions interface {
	Timeline(ctx context.Context, id auth.SessionID) (tokens.Timeline, error)
	UserSessions(ctx context.Context, user auth.UserID) ([]tokens.SessionInfo, error)
	// EndSession ends a session; one that has ended is no error.
	EndSession(ctx context.Context, id auth.SessionID, from tokens.Origin) error
	RevokeToken(ctx context.Context, id auth.TokenID, from tokens.Origin) error
}

// Audit reads what was written down.
type Audit interface {
	Records(ctx context.Context, q audit.Query) ([]audit.Record, error)
}

// AdminConfig is all that the operator's routes stand on. Every member is needed unless it says
// otherwise.
type AdminConfig struct {
	// Token is what every request shows as its bearer token, but those of probes and metrics.
	Token auth.Secret
	// Hosts are names, in lower case, that the listener may be asked by besides addresses. None: by
	// addresses alone.
	Hosts []string

	Users    Users
	Clients  OperatorClients
	Sessions OperatorSessions
	Keys     OperatorKeys
	Audit    Audit
	// Record hears of requests that were refused at the door. Nil: [audit.Discard].
	Record audit.Sink
	// Metrics answers GET /metrics.
	Metrics http.Handler

	// Issuer, Ready, Proxies and Draining are those of [Config].
	Issuer   string
	Ready    func(context.Context) error
	Proxies  []netip.Prefix
	Draining func() bool

	Meter  Meter // nobody counts: the zero value
	Logger *slog.Logger
	Now    func() time.Time
	Random io.Reader
}

// admin holds the handlers of the admin listener.
type admin struct {
	AdminConfig
	health
}

func (a *admin) routes() []route {
	list := []string{"limit", "cursor"}
	routes := []route{
		{method: "GET", pattern: "/admin/users", handle: a.users, params: append([]string{"username"}, list...)},
		{method: "POST", pattern: "/admin/users", handle: a.createUser, bodied: true},
		{method: "GET", pattern: "/admin/users/{id}", handle: a.user},
		{method: "PATCH", pattern: "/admin/users/{id}", handle: a.changeUser, bodied: true},
		{method: "DELETE", pattern: "/admin/users/{id}", handle: a.deleteUser},
		{method: "POST", pattern: "/admin/users/{id}/revoke", handle: a.revokeUser},
		{method: "POST", pattern: "/admin/users/{id}/password-reset", handle: a.resetPassword},
		{method: "GET", pattern: "/admin/users/{id}/sessions", handle: a.userSessions, params: list},
		{method: "DELETE", pattern: "/admin/sessions/{id}", handle: a.endSession},
		{method: "GET", pattern: "/admin/sessions/{id}/timeline", handle: a.timeline},
		{method: "POST", pattern: "/admin/revocations", handle: a.revokeToken, bodied: true},
		{method: "GET", pattern: "/admin/keys", handle: a.keys, params: list},
		{method: "POST", pattern: "/admin/keys/rotate", handle: a.rotateKey},
		{method: "DELETE", pattern: "/admin/keys/{kid}", handle: a.killKey},
		{method: "GET", pattern: "/admin/clients", handle: a.clients, params: list},
		{method: "POST", pattern: "/admin/clients", handle: a.createClient, bodied: true},
		{method: "DELETE", pattern: "/admin/clients/{id}", handle: a.deleteClient},
		{method: "POST", pattern: "/admin/clients/{id}/revoke", handle: a.revokeClient},
		{method: "GET", pattern: "/admin/audit", handle: a.audit,
			params: append([]string{"user", "session", "name", "actor", "address", "since", "until"}, list...)},
	}
	for i := range routes {
		routes[i] = strictly(routes[i])
	}
	return append(routes, []route{
		{method: "GET", pattern: "/livez", handle: livez, quiet: true, open: true},
		{method: "GET", pattern: "/readyz", handle: a.readyz, quiet: true, open: true},
		{method: "GET", pattern: "/metrics", handle: a.metrics, quiet: true, open: true},
	}...)
}

func (a *admin) metrics(x *exchange, r *http.Request) error {
	a.Metrics.ServeHTTP(x, r)
	return nil
}

// NewAdmin returns the handler of the admin listener. It starts nothing.
func NewAdmin(c AdminConfig) (http.Handler, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("configure the admin API: %w", err)
	}
	if c.Record == nil {
		c.Record = audit.Discard
	}
	a := &admin{AdminConfig: c, health: health{c.Ready, c.Draining}}
	routes := a.routes()
	guarded := newGuard(c.Token, c.Hosts, c.Record, routes, newRouter(routes))
	return &front{log: c.Logger, now: c.Now, ids: &idBlocks{random: c.Random}, meter: c.Meter,
		proxies: &proxies{trusted: c.Proxies, log: c.Logger, ignored: c.Meter.ForwardingIgnored},
		secure:  byHTTPS(c.Issuer), next: guarded}, nil
}

func (c AdminConfig) validate() error {
	return errors.Join(
		need(fmt.Sprintf("Token of %d characters", LeastAdminToken), len(c.Token.Reveal()) >= LeastAdminToken),
		need("Users", c.Users != nil),
		need("Clients", c.Clients != nil),
		need("Sessions", c.Sessions != nil),
		need("Keys", c.Keys != nil),
		need("Audit", c.Audit != nil),
		need("Metrics", c.Metrics != nil),
		need("Issuer", c.Issuer != ""),
		need("Ready", c.Ready != nil),
		need("Logger", c.Logger != nil),
		need("Now", c.Now != nil),
		need("Random", c.Random != nil),
	)
}
