package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/authd/authd/verify"
)

// How long a route goes on when no news of revocations comes: when authd, or the way to it, is down.
// Then it answers 503 until there is news again. What can be undone may be generous, so that an outage
// of authd is not one of everything behind it; what cannot be undone should be sure.
const (
	forReading  = 5 * time.Minute  // as long as a token lives: what every plain JWT gives
	forDeleting = 10 * time.Second // and writing has the default, a minute
)

// Two routes are not about notes of one's own, so a good token is not enough for them. Who has a role is
// said at authd (authd users roles ada admin), and so is which scopes a machine has (authd clients create).
const (
	admin  = "admin"        // a role
	export = "notes:export" // a scope
)

const maxBody = 16 << 10

// routes puts the middleware before what belongs to somebody.
func routes(writing *verify.Verifier, notes *notebook) (http.Handler, error) {
	reading, err := writing.WithMaxStaleness(forReading)
	if err != nil {
		return nil, err
	}
	deleting, err := writing.WithMaxStaleness(forDeleting)
	if err != nil {
		return nil, err
	}
	a := api{notes}
	r := chi.NewRouter()
	r.Get("/livez", func(http.ResponseWriter, *http.Request) {})
	r.Get("/readyz", ready(reading))
	r.With(reading.Middleware).Get("/notes", a.list)
	r.With(writing.Middleware).Post("/notes", a.add)
	r.With(deleting.Middleware).Delete("/notes/{id}", a.remove)
	r.With(reading.Middleware, reading.RequireRole(admin)).Get("/stats", a.stats)
	r.With(deleting.Middleware, deleting.RequireScope(export)).Get("/export", a.export) // what has left cannot be taken back
	return r, nil
}

// ready tells the balancer whether any route can judge tokens. It has the most generous budget: with a
// tighter one, an outage of authd would take away what the routes still serve, and from all instances at
// once.
func ready(v *verify.Verifier) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := v.Ready(); err != nil {
			refuse(w, http.StatusServiceUnavailable, err.Error())
		}
	}
}

// api is the routes of users. A handler that is reached stands behind a middleware, which has put the
// claims into the context: the subject is who owns things.
type api struct{ notes *notebook }

func owner(r *http.Request) string {
	claims, _ := verify.FromContext(r.Context())
	return claims.Subject()
}

func (a api) list(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, map[string][]note{"notes": a.notes.of(owner(r))})
}

func (a api) add(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Text string `json:"text"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&body); err != nil || body.Text == "" {
		refuse(w, http.StatusBadRequest, `The body must be {"text": "…"}.`)
		return
	}
	n, err := a.notes.add(owner(r), body.Text)
	if errors.Is(err, errFull) {
		refuse(w, http.StatusConflict, "There is no room for more notes. Delete some.")
		return
	}
	answer(w, http.StatusCreated, n)
}

// remove answers 404 for notes of others too, so that nobody learns which there are.
func (a api) remove(w http.ResponseWriter, r *http.Request) {
	if !a.notes.remove(owner(r), chi.URLParam(r, "id")) {
		refuse(w, http.StatusNotFound, "You have no such note.")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// stats is for people who look after the service, and shows nobody's notes.
func (a api) stats(w http.ResponseWriter, _ *http.Request) {
	owners, notes := a.notes.count()
	answer(w, http.StatusOK, map[string]int{"owners": owners, "notes": notes})
}

// export is for the machine that makes the backups.
func (a api) export(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]map[string][]note{"owners": a.notes.all()})
}

// answer writes JSON that no cache keeps: it is somebody's own.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails only if the client has left
}

// refuse writes a problem (RFC 9457), as authd and the middleware do.
func refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail,
	})
}
