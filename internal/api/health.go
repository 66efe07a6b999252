package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/authd/authd/internal/auth"
)

// readyTime bounds a probe: one that hangs tells an orchestrator less than one that fails.
const readyTime = 2 * time.Second

var (
	errDraining = &auth.Error{Kind: auth.Unavailable, Code: "draining", Public: "The server is stopping."}
	errStarting = &auth.Error{Kind: auth.Unavailable, Code: "starting", Public: "The server is starting."}
)

type state struct {
	Status string `json:"status"`
}

func livez(x *exchange, _ *http.Request) error { return x.sendJSON(http.StatusOK, state{"alive"}) }

// health is what a listener knows of the server behind it.
type health struct {
	ready    func(context.Context) error
	draining func() bool // nil: never
}

func (h health) readyz(x *exchange, r *http.Request) error {
	if h.draining != nil && h.draining() {
		return notReady(x, r, errDraining)
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	if err := h.ready(ctx); err != nil {
		return notReady(x, r, err)
	}
	return x.sendJSON(http.StatusOK, state{"ready"})
}

// notReady answers 503 whatever the error's kind is: a server that cannot tell whether it is ready is not.
func notReady(x *exchange, r *http.Request, err error) error {
	x.cause = err
	writeProblem(x, r, problem{Type: aboutBlank, Title: "Service Unavailable", Status: http.StatusServiceUnavailable,
		Detail: "The server is not ready.", Code: "not_ready", RequestID: x.id, Reasons: reasonsOf(err)}, time.Second)
	return nil
}

// reasonsOf collects the stable words in err's tree; there is always one.
func reasonsOf(err error) []string {
	if words := wordsOf(err); len(words) > 0 {
		return words
	}
	return []string{publicWord(err)}
}

func wordsOf(err error) []string {
	switch e := err.(type) {
	case *auth.Error:
		if len(e.Reasons) > 0 {
			return e.Reasons
		}
		return []string{e.Code}
	case interface{ Unwrap() []error }:
		var words []string
		for _, part := range e.Unwrap() {
			words = append(words, wordsOf(part)...)
		}
		return words
	}
	if inner := errors.Unwrap(err); inner != nil {
		return wordsOf(inner)
	}
	return nil
}

// publicWord is for an error that has no word of its own.
func publicWord(err error) string {
	if e := publicError(err); e.Code != "" {
		return e.Code
	}
	return codeInternal
}
