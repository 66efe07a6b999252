package main

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/api"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/metrics"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// Bounds of histograms. A refresh takes a millisecond, a login a quarter of a second, and a poll of the
// feed is held for up to 30 s.
var (
	requestSeconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	queueSeconds   = []float64{.001, .005, .025, .1, .25, .5, 1, 2.5, 5, 10}
	batchSizes     = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256}
)

// meters is what is counted and measured of one server. Labels are words of the program: patterns of
// routes, reasons, codes. A client cannot make up a new one (I4).
type meters struct {
	registry metrics.Registry

	inFlight   *metrics.Gauge
	forwarding *metrics.Counter
	open       *metrics.Series[metrics.Gauge]
	bounds     *metrics.Series[metrics.Counter]
	requests   *metrics.Series[metrics.Counter]
	durations  *metrics.Series[metrics.Histogram]

	logins    *metrics.Series[metrics.Counter]
	refreshes *metrics.Series[metrics.Counter]
	minted    *metrics.Counter
	events    *metrics.Series[metrics.Counter]
	ended     *metrics.Series[metrics.Counter]
	batches   *metrics.Series[metrics.Histogram]
	waits     *metrics.Histogram
	failures  *metrics.Series[metrics.Counter]
	dropped   *metrics.Counter
}

// newMeters registers what does not need the service to be there.
func newMeters() *meters {
	m := &meters{}
	r := &m.registry
	m.inFlight = r.Gauge("authd_http_requests_in_flight", "Requests that are being answered, held polls of the feed included.")
	m.forwarding = r.Counter("authd_forwarding_ignored_total", "Requests with headers about forwarding that no trusted proxy sent. The headers were ignored.")
	m.open = r.Gauges("authd_connections_open", "Connections that are open, by listener.", "listener")
	m.bounds = r.Counters("authd_connections_bounds_total", "Times that a bound on connections was met, by listener and by what became of it: room, address, busy or full.",
		"listener", "outcome")
	m.requests = r.Counters("authd_http_requests_total", "Requests by the route's pattern, method and class of status.", "route", "method", "status")
	m.durations = r.Histograms("authd_http_request_duration_seconds", "Time to answer, by the route's pattern.", requestSeconds, "route")
	m.logins = r.Counters("authd_logins_total", "Logins by outcome: succeeded, or the code of the refusal.", "outcome")
	m.refreshes = r.Counters("authd_refreshes_total", "Refreshes by outcome: rotated, retried, or the code of the refusal.", "outcome")
	m.minted = r.Counter("authd_access_tokens_minted_total", "Access tokens that were signed.")
	m.events = r.Counters("authd_events_total", "Events by name and reason: the words of the audit.", "name", "reason")
	m.ended = r.Counters("authd_session_ends_total", "Ends of sessions by reason. The end of everything of a user is one.", "reason")
	m.batches = r.Histograms("authd_lane_batch_size", "Requests that a lane settles together.", batchSizes, "lane")
	m.waits = r.Histograms("authd_password_wait_seconds", "Time that a password waited for a worker.", queueSeconds).With()
	m.failures = r.Counters("authd_store_errors_total", "Calls of the store that failed for a reason of its own, by what was being done and by kind: unavailable, conflict, internal.",
		"operation", "kind")
	m.dropped = r.Counter("authd_audit_dropped_total", "Events that are missing in the audit. Each is in the log.")
	v, c := versionOf(debug.ReadBuildInfo())
	r.Collect(metrics.Family{Name: "authd_build_info", Kind: metrics.KindGauge, Help: "What was built, as labels.", Labels: []string{"version", "commit"}},
		func(emit func(float64, ...string)) { emit(1, v, c) })
	r.Process()
	return m
}

// watch registers what is read from the parts of the service.
func (m *meters) watch(s *service) {
	gauge := func(name, help string, read func() float64) {
		m.registry.Func(metrics.Family{Name: name, Kind: metrics.KindGauge, Help: help}, read)
	}
	gauge("authd_audit_waiting", "Events that wait to be written into the audit.", func() float64 { return float64(s.writer.Waiting()) })
	gauge("authd_password_waiting", "Passwords that wait for a worker.", func() float64 { return float64(s.hasher.Waiting()) })
	m.registry.Collect(metrics.Family{Name: "authd_lane_waiting", Kind: metrics.KindGauge, Help: "Requests that wait in a lane.", Labels: []string{"lane"}},
		func(emit func(float64, ...string)) {
			rotations, deaths := s.sessions.Waiting()
			emit(float64(rotations), "rotations")
			emit(float64(deaths), "deaths")
		})
	m.watchLive(func() revocation.Stats { return s.live.Stats() })
	m.watchFeed(s.feed.Stats)
	m.watchKeys(s.keyring.Stats)
}

// record is a sink.
func (m *meters) record(_ context.Context, e audit.Event) {
	m.events.With(string(e.Name), string(e.Reason)).Add(1)
	if e.Name == audit.SessionEnded || e.Name == audit.SessionsEnded {
		m.ended.With(string(e.Reason)).Add(1)
	}
}

func (m *meters) api() api.Meter {
	ignored := func() { m.forwarding.Add(1) }
	return api.Meter{InFlight: m.inFlight.Add, ForwardingIgnored: ignored, Answered: func(a api.Answer) {
		route := a.Route
		if route == "" {
			route = "none"
		}
		m.requests.With(route, a.Method, classOf(a.Status)).Add(1)
		m.durations.With(route).Observe(a.Took.Seconds())
	}}
}

// counted has what happens to the connections of a listener counted.
func (m *meters) counted(b bounds, listener string) bounds {
	b.opened = m.open.With(listener).Add
	b.met = func(outcome string) { m.bounds.With(listener, outcome).Add(1) }
	return b
}

// classes of statuses, by their first digit. 0xx was not answered: the client was gone.
var classes = [...]string{"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"}

func classOf(status int) string { return classes[min(status/100, len(classes)-1)] }

func (m *meters) tokens() tokens.Meter {
	return tokens.Meter{
		Minted:    func() { m.minted.Add(1) },
		Refreshed: func(outcome string) { m.refreshes.With(outcome).Add(1) },
		Batch:     func(lane string, size int) { m.batches.With(lane).Observe(float64(size)) },
	}
}

func (m *meters) waited(d time.Duration) { m.waits.Observe(d.Seconds()) }

// storeFailed counts an error of the store. What was being done is one of the store's own phrases.
func (m *meters) storeFailed(doing string, err error) {
	kind := "internal"
	switch {
	case errors.Is(err, tokens.ErrWriteConflict):
		kind = "conflict"
	case auth.KindOf(err) == auth.Unavailable:
		kind = "unavailable"
	}
	m.failures.With(doing, kind).Add(1)
}

// countedAccounts counts logins.
type countedAccounts struct {
	*accounts.Accounts
	logins *metrics.Series[metrics.Counter]
}

// Login counts what became of it.
func (c countedAccounts) Login(ctx context.Context, login accounts.Login) (tokens.Pair, error) {
	pair, err := c.Accounts.Login(ctx, login)
	outcome := "succeeded"
	if err != nil {
		outcome = auth.CodeOf(err)
	}
	c.logins.With(outcome).Add(1)
	return pair, err
}

// ServeHTTP writes everything in the text format of Prometheus.
func (m *meters) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_ = m.registry.Write(w) // nobody is left to be told
}
