package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// front is what every request passes before it is routed and every answer after: the request's id, the
// headers that all answers have, the log's line, and the net under a panic.
type front struct {
	log     *slog.Logger
	now     func() time.Time
	ids     *idBlocks
	next    http.Handler
	meter   Meter
	proxies *proxies // nil: nobody is held to account for anything yet
	origins *origins // nil: no page of another origin may ask
	secure  bool     // clients come by https
	public  bool     // the routes of OAuth are behind it
}

// Meter hears of requests. Functions that are nil are not called; none may block.
type Meter struct {
	InFlight func(change int) // by 1 when one comes, by -1 when it was answered
	Answered func(Answer)
	// ForwardingIgnored hears of requests with headers about forwarding that no trusted proxy sent.
	ForwardingIgnored func()
}

// Answer is what is counted of a request. None of it was chosen by the client.
type Answer struct {
	Method string // "other" if RFC 9110 does not have it
	Route  string // the route's pattern; empty if there is no such route
	Status int
	Took   time.Duration
}

func (m *Meter) began() {
	if m.InFlight != nil {
		m.InFlight(1)
	}
}

func (m *Meter) ended(a Answer) {
	if m.InFlight != nil {
		m.InFlight(-1)
	}
	if m.Answered != nil {
		m.Answered(a)
	}
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := f.now()
	f.meter.began()
	x := &exchange{ResponseWriter: w, oauth: f.public && belowOAuth(r)}
	defer func() { f.finish(x, r, started, recover()) }()

	id, err := requestID(r, f.ids)
	x.id, x.ids[0] = id, id
	setCommonHeaders(x.Header(), x.ids[:])
	if f.secure {
		x.Header()["Strict-Transport-Security"] = httpsForAYear
	}
	if f.origins != nil {
		f.origins.allow(x.Header(), r)
	}
	if f.proxies != nil {
		x.client = f.proxies.client(r, started)
	}
	if err == nil {
		err = refuseAmbiguous(r)
	}
	if err != nil {
		writeError(x, r, err)
		return
	}
	f.next.ServeHTTP(x, r)
}

// Values that every answer has, made once: Set would allocate each anew. Nobody writes to them, and
// what Add appends goes into a copy.
var (
	noStore    = []string{"no-store"}
	noSniff    = []string{"nosniff"}
	inert      = []string{"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
	noReferrer = []string{"no-referrer"}

	// httpsForAYear keeps a browser from ever asking by http again: the first such request would carry a
	// password, or a cookie, to whoever is on the line. TLS ends in front of this listener, so what it is
	// asked by says nothing; the issuer does. Browsers obey it only where it came by https (RFC 6797, 8.1).
	httpsForAYear = []string{"max-age=31536000"}
)

// byHTTPS reports whether clients reach what has this issuer by https.
func byHTTPS(issuer string) bool {
	scheme, _, _ := strings.Cut(issuer, ":")
	return strings.EqualFold(scheme, "https")
}

// setCommonHeaders starts every answer. Nothing is to be stored unless a handler says otherwise: an
// answer that somebody forgot about is then private, not public. Answers are data, so a browser that
// is made to show one must run, frame and guess nothing.
func setCommonHeaders(h http.Header, id []string) {
	h["X-Request-Id"] = id
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h["Content-Security-Policy"] = inert
	h["Referrer-Policy"] = noReferrer
}

// finish turns a panic into an answer and writes the log's line (F23, H7).
func (f *front) finish(x *exchange, r *http.Request, started time.Time, thrown any) {
	begun := x.status != 0
	if thrown != nil {
		x.stack = debug.Stack()
		cause := panicError{thrown}
		if begun {
			x.cause, x.code = cause, codeInternal
		} else {
			writeError(x, r, cause)
		}
	}
	took := f.now().Sub(started)
	f.meter.ended(Answer{knownMethod(r.Method), x.route, x.status, took})
	f.logRequest(x, r, took)
	if thrown != nil && begun {
		// Half an answer is out and cannot be taken back. Cutting the connection is the one way left
		// to tell the client that it is not whole.
		panic(http.ErrAbortHandler)
	}
}

// logRequest writes the one line a request gets: who asked what is the audit's to say. The path, the
// query and the headers stay out, because tokens end up in all of them (I1, I2, B24).
func (f *front) logRequest(x *exchange, r *http.Request, took time.Duration) {
	level := levelOf(x, r)
	if !f.log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", knownMethod(r.Method)),
		slog.String("route", x.route),
		slog.Int("status", x.status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.String("request_id", x.id),
	}
	if x.code != "" {
		attrs = append(attrs, slog.String("code", x.code))
	}
	if x.cause != nil && (x.status >= http.StatusInternalServerError || x.stack != nil) {
		attrs = append(attrs, slog.String("error", x.cause.Error()))
	}
	if x.stack != nil {
		attrs = append(attrs, slog.String("stack", string(x.stack)))
	}
	f.log.LogAttrs(context.WithoutCancel(r.Context()), level, "request", attrs...)
}

// levelOf keeps what nobody reads (probes, key fetches) below what somebody may, and that below what
// somebody must.
func levelOf(x *exchange, r *http.Request) slog.Level {
	switch {
	case x.stack != nil:
		return slog.LevelError
	case r.Context().Err() != nil && errors.Is(x.cause, context.Canceled): // the client hung up
		if x.quiet {
			return slog.LevelDebug
		}
		return slog.LevelInfo
	case x.status == http.StatusServiceUnavailable:
		return slog.LevelWarn
	case x.status >= http.StatusInternalServerError:
		return slog.LevelError
	case x.quiet && x.status < http.StatusBadRequest:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// knownMethod keeps a client from writing words of its own into the log (F25) or a metric (I4).
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	}
	return "other"
}
