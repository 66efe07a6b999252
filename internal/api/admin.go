package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/authd/authd/internal/auth"
)

// LeastAdminToken is how many characters an admin token has at least.
const LeastAdminToken = 32

// AdminConfig is all that the operator's routes stand on. Every member is needed unless it says
// otherwise.
type AdminConfig struct {
	// Token is what every request shows as its bearer token, but those of probes and metrics.
	Token auth.Secret
	// Hosts are names, in lower case, that the listener may be asked by besides addresses. None: by
	// addresses alone.
	Hosts []string

	// Ready and Draining are those of [Config].
	Ready    func(context.Context) error
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
	return []route{
		{method: "GET", pattern: "/livez", handle: livez, quiet: true, open: true},
		{method: "GET", pattern: "/readyz", handle: a.readyz, quiet: true, open: true},
	}
}

// NewAdmin returns the handler of the admin listener. It starts nothing.
func NewAdmin(c AdminConfig) (http.Handler, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("configure the admin API: %w", err)
	}
	a := &admin{AdminConfig: c, health: health{c.Ready, c.Draining}}
	routes := a.routes()
	guarded := newGuard(c.Token, c.Hosts, routes, newRouter(routes))
	return &front{log: c.Logger, now: c.Now, random: c.Random, meter: c.Meter, next: guarded}, nil
}

func (c AdminConfig) validate() error {
	return errors.Join(
		need(fmt.Sprintf("Token of %d characters", LeastAdminToken), len(c.Token.Reveal()) >= LeastAdminToken),
		need("Ready", c.Ready != nil),
		need("Logger", c.Logger != nil),
		need("Now", c.Now != nil),
		need("Random", c.Random != nil),
	)
}
