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
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// Accounts is what the routes need of the users. Errors that a client may learn of are *auth.Error.
type Accounts interface {
	Register(ctx context.Context, username, password string, from tokens.Origin) (accounts.User, error)
	Login(ctx context.Context, login accounts.Login) (tokens.Pair, error)
	User(ctx context.Context, id auth.UserID) (accounts.User, error)
	ChangePassword(ctx context.Context, change accounts.PasswordChange) (tokens.Pair, error)
	ResetPassword(ctx context.Context, token, password string, from tokens.Origin) error
	DeleteOwn(ctx context.Context, holder tokens.Principal, password string, from tokens.Origin) error
}

// Sessions is what the routes need of the tokens. Errors that a client may learn of are *auth.Error.
type Sessions interface {
	Refresh(ctx context.Context, refreshToken string, from tokens.Origin) (tokens.Pair, error)
	LogOut(ctx context.Context, logOut tokens.LogOut) error
	// Authenticate returns whom a live access token speaks for.
	Authenticate(ctx context.Context, accessToken string) (tokens.Principal, error)
	Sessions(ctx context.Context, holder tokens.Principal) ([]tokens.SessionInfo, error)
	// SessionOf returns the session that a genuine refresh token is of, whatever became of the session.
	SessionOf(ctx context.Context, refreshToken string) (auth.SessionID, error)
	EndOwn(ctx context.Context, holder tokens.Principal, session auth.SessionID, from tokens.Origin) error
}

// Keys has the published key set, as it is sent, with a strong entity tag in its quotes. It is asked
// at every fetch and answers from memory.
type Keys interface {
	JWKS() (body []byte, etag string)
}

// Config is all that the routes stand on. Every member is needed unless it says otherwise.
type Config struct {
	Accounts Accounts
	Sessions Sessions
	Clients  Clients
	Grants   Grants
	Keys     Keys
	Feed     Feed

	// Issuer is the iss of every token. What the metadata says of addresses begins with it.
	Issuer string
	// Audience is who a machine's token is for if its client was given no audience of its own.
	Audience []string
	// JWKSMaxAge is how long caches may keep the key set. New keys wait for it before they sign.
	JWKSMaxAge time.Duration
	// Contract is openapi.yaml.
	Contract []byte
	// Ready returns nil if requests can be served, else what is missing: every *auth.Error in the
	// error's tree adds its reasons, or its code, to the answer.
	Ready func(context.Context) error
	// Proxies are whose X-Forwarded-For is believed. None: the client is the connection's other end.
	Proxies []netip.Prefix
	// Origins are those whose pages may ask what users ask, with the cookie. None: those of this origin.
	Origins []PageOrigin
	// Draining reports that the server is on its way out: no new requests should be sent here, though
	// those that come are served. Nil means never.
	Draining func() bool

	Meter  Meter // nobody counts: the zero value
	Logger *slog.Logger
	Now    func() time.Time // measures requests and sets deadlines; decides nothing about tokens
	Random io.Reader        // makes request ids; safe for use by many goroutines
}

// api holds the handlers.
type api struct {
	Config
	health
	origins      *origins
	cookies      bool // browsers keep secrets for this issuer
	keysCaching  []string
	contractText document
	metadataText document
}

// A route is an operation of the contract.
type route struct {
	method, pattern string
	handle          func(*exchange, *http.Request) error
	quiet           bool     // asked all day by machines: a success is of no interest to the log
	open            bool     // on the admin listener: needs no token, and answers to any host
	params          []string // on the admin listener: what the query may have
	bodied          bool     // on the admin listener: takes a body
	public          bool     // scripts of every origin may read it, errors too
}

func (a *api) routes() []route {
	return withPreflights([]route{
		{method: "POST", pattern: "/register", handle: a.register},
		{method: "POST", pattern: "/login", handle: a.login},
		{method: "POST", pattern: "/refresh", handle: a.refresh},
		{method: "POST", pattern: "/logout", handle: a.logout},
		{method: "GET", pattern: "/me", handle: a.me},
		{method: "POST", pattern: "/me/delete", handle: a.deleteMe},
		strictly(route{method: "GET", pattern: "/sessions", handle: a.sessions}),
		strictly(route{method: "DELETE", pattern: "/sessions/{id}", handle: a.endSession}),
		{method: "POST", pattern: "/password", handle: a.changePassword},
		{method: "POST", pattern: "/password/reset", handle: a.resetPassword},
		{method: "POST", pattern: "/oauth/token", handle: a.token},
		{method: "POST", pattern: "/oauth/introspect", handle: a.introspect, quiet: true},
		{method: "POST", pattern: "/oauth/revoke", handle: a.revoke},
		{method: "GET", pattern: "/.well-known/jwks.json", handle: a.jwks, quiet: true, public: true},
		{method: "GET", pattern: pathServerMetadata, handle: a.metadata, quiet: true, public: true},
		{method: "GET", pattern: pathOpenIDMetadata, handle: a.metadata, quiet: true, public: true},
		{method: "GET", pattern: "/revocations", handle: a.revocations, quiet: true, public: true},
		{method: "GET", pattern: "/livez", handle: livez, quiet: true},
		{method: "GET", pattern: "/readyz", handle: a.readyz, quiet: true},
		{method: "GET", pattern: "/openapi.yaml", handle: a.contract, quiet: true, public: true},
		{method: "GET", pattern: "/", handle: about, quiet: true},
	})
}

// New returns the handler of the public listener. It starts nothing.
func New(c Config) (http.Handler, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("configure the API: %w", err)
	}
	metadata, err := newMetadata(c.Issuer, tokens.Algs())
	if err != nil {
		return nil, err
	}
	origins, err := newOrigins(c.Origins)
	if err != nil {
		return nil, fmt.Errorf("configure the API: %w", err)
	}
	a := &api{Config: c, origins: origins, cookies: isSecure(c.Issuer), health: health{c.Ready, c.Draining}, keysCaching: keysCaching(c.JWKSMaxAge),
		contractText: newDocument("application/yaml", "no-cache", c.Contract),
		metadataText: newDocument(mediaJSON, metadataCaching, metadata)}
	return &front{log: c.Logger, now: c.Now, ids: &idBlocks{random: c.Random}, meter: c.Meter,
		origins: origins,
		proxies: &proxies{trusted: c.Proxies, log: c.Logger, ignored: c.Meter.ForwardingIgnored},
		secure:  byHTTPS(c.Issuer), public: true, next: newRouter(a.routes())}, nil
}

func (c Config) validate() error {
	return errors.Join(
		need("Accounts", c.Accounts != nil),
		need("Sessions", c.Sessions != nil),
		need("Clients", c.Clients != nil),
		need("Grants", c.Grants != nil),
		need("Keys", c.Keys != nil),
		need("Feed", c.Feed != nil),
		need("Issuer", c.Issuer != ""),
		need("Audience", len(c.Audience) > 0),
		need("JWKSMaxAge", c.JWKSMaxAge >= time.Second),
		need("Contract", len(c.Contract) > 0),
		need("Ready", c.Ready != nil),
		need("Logger", c.Logger != nil),
		need("Now", c.Now != nil),
		need("Random", c.Random != nil),
	)
}

func need(name string, there bool) error {
	if there {
		return nil
	}
	return errors.New(name + " is missing")
}
