package api

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/authd/authd/internal/auth"
)

// NotYet is the handler for the time before the store was reached: alive, not ready, and everything
// else can be asked again shortly. An orchestrator then waits instead of restarting a process that
// could do no better (G1). Pages of the origins are told so too, preflights included: they see an error
// only if they may.
func NotYet(issuer string, pages []PageOrigin, logger *slog.Logger, now func() time.Time, random io.Reader) (http.Handler, error) {
	origins, err := newOrigins(pages)
	if err != nil {
		return nil, err
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange) // the front made it
		read := r.Method == http.MethodGet || r.Method == http.MethodHead
		var err error
		switch {
		case read && r.URL.EscapedPath() == "/livez":
			x.route, x.quiet = "/livez", true
			err = livez(x, r)
		case read && r.URL.EscapedPath() == "/readyz":
			x.route = "/readyz"
			err = notReady(x, r, errStarting)
		case len(x.Header()["Access-Control-Allow-Origin"]) > 0 && r.Method == http.MethodOptions:
			err = usersPreflight(x, r)
		default:
			err = auth.ErrUnavailable
		}
		if err != nil {
			writeError(x, r, err)
		}
	})
	return &front{log: logger, now: now, ids: &idBlocks{random: random}, secure: byHTTPS(issuer),
		origins: origins, public: true, next: next}, nil
}
