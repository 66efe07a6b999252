package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// Whoever sends slowly is cut: a socket and a goroutine are held while he does (F2).
	headerTime = 5 * time.Second
	bodyTime   = 10 * time.Second // header and body together
	// answerTime exceeds the longest wait in a queue of logins and what a batch may take in the store.
	answerTime = 30 * time.Second
	idleTime   = 2 * time.Minute // above the idle time of the usual load balancers, which then close first
	maxHeader  = 16 << 10        // F10
	readAhead  = 4 << 10         // what net/http adds to the header that it is told to read

	// noticeTime is how long a server that was asked to stop still takes what comes: load balancers go
	// on sending until a probe of theirs has seen /readyz (H2).
	noticeTime = 5 * time.Second
	drainTime  = 20 * time.Second
)

// webServer serves one listener and stops gracefully.
type webServer struct {
	server   *http.Server
	first    http.Handler                 // answers until open
	handler  atomic.Pointer[http.Handler] // nil until open
	draining atomic.Bool
	log      *slog.Logger
	bounds   bounds // of connections; the zero value has none
	quiet    bool   // its stop is told by the server beside it
	notice   time.Duration
	drain    time.Duration
}

// newWebServer answers with first until open.
func newWebServer(first http.Handler, log *slog.Logger) *webServer {
	w := &webServer{first: first, log: log, notice: noticeTime, drain: drainTime}
	w.server = &http.Server{
		Handler:           w,
		ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, WriteTimeout: answerTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader - readAhead,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, c)
		},
		// OPTIONS * too gets its answer, with the headers of all answers, from the handler.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     serverLog(log),
	}
	return w
}

// serverLog takes what net/http has to say. Nearly all of it is about broken connections, which anybody
// can cause; that no more connections can be taken an operator must know. net/http says that at most once
// in a second after the first few times.
func serverLog(to *slog.Logger) *log.Logger {
	return log.New(lines(func(line string) {
		level := slog.LevelDebug
		if strings.HasPrefix(line, "http: Accept error") {
			level = slog.LevelWarn
		}
		to.Log(context.Background(), level, line)
	}), "", 0)
}

// lines is a writer of lines, each written at once.
type lines func(line string)

func (l lines) Write(b []byte) (int, error) {
	l(strings.TrimSuffix(string(b), "\n"))
	return len(b), nil
}

// open puts the real handler in the place of the first.
func (w *webServer) open(handler http.Handler) { w.handler.Store(&handler) }

// connectionKey is the connection's in the context of its requests.
type connectionKey struct{}

func (w *webServer) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	// Of HTTP/1.0 and of chunks, some in front may see another end of the body than we do. What follows on
	// the connection could be a request that they never saw, so nothing follows (F13).
	last := !r.ProtoAtLeast(1, 1) || len(r.TransferEncoding) > 0
	if c, ok := r.Context().Value(connectionKey{}).(*connection); ok {
		if !c.begin() {
			panic(http.ErrAbortHandler) // which net/http takes for: no answer, and no word about it
		}
		if status := c.framing.handedOver(r, last); status != 0 {
			refuse(rw, status)
			return
		}
	}
	if r.ProtoMajor != 1 {
		refuse(rw, http.StatusHTTPVersionNotSupported) // the preface of HTTP/2, which net/http lets through (F14)
		return
	}
	if last || w.draining.Load() {
		rw.Header().Set("Connection", "close") // for draining: the client's next request finds another server
	}
	if handler := w.handler.Load(); handler != nil {
		(*handler).ServeHTTP(rw, r)
		return
	}
	w.first.ServeHTTP(rw, r)
}

// refuse answers what is not the HTTP that is spoken here, in the form in which net/http does.
func refuse(rw http.ResponseWriter, status int) {
	h := rw.Header()
	h.Set("Connection", "close")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	rw.WriteHeader(status)
	_, _ = fmt.Fprintf(rw, "%d %s", status, http.StatusText(status))
}

// run serves until ctx ends, which is a stop that was asked for, or parts does, which is a failure of
// something that requests need.
func (w *webServer) run(ctx, parts context.Context, listener net.Listener) error {
	bounded := bound(listener, w.bounds, w.log)
	w.server.ConnState = bounded.state
	ended := make(chan error, 1)
	go func() { ended <- w.server.Serve(bounded) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	case <-parts.Done():
	case <-ctx.Done():
		w.draining.Store(true)
		if !w.quiet {
			w.log.Info("stopping", "cause", context.Cause(ctx).Error())
		}
		if w.handler.Load() != nil && noticed(ctx) {
			select {
			case <-parts.Done():
			case <-time.After(w.notice):
			}
		}
	}
	w.draining.Store(true)
	return w.stop()
}

// noticed reports whether somebody else must first notice the stop. A person at a terminal interrupts,
// and orchestrators terminate.
func noticed(ctx context.Context) bool {
	var s stopped
	return errors.As(context.Cause(ctx), &s) && s.by == syscall.SIGTERM
}

// stop takes no more connections and waits for the requests under way. Those that take too long are
// cut: their clients cannot know the outcome, and every operation can be asked again.
func (w *webServer) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), w.drain)
	defer cancel()
	err := w.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		w.log.Warn("requests took too long and were cut", "waited", w.drain.String())
		return w.server.Close()
	}
	return err
}
