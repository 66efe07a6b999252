package main

import (
	"sync/atomic"

	"github.com/authd/authd/internal/metrics"
	"github.com/authd/authd/internal/revocation"
)

// watchLive registers what is known of the kills that this server obeys.
func (m *meters) watchLive(read func() revocation.Stats) {
	var now atomic.Pointer[revocation.Stats]
	m.registry.Before(func() {
		stats := read()
		now.Store(&stats)
	})
	number := func(name string, kind metrics.Kind, help string, of func(*revocation.Stats) float64) {
		m.registry.Func(metrics.Family{Name: name, Kind: kind, Help: help}, func() float64 { return of(now.Load()) })
	}
	number("authd_live_kills", metrics.KindGauge, "Kills that have not run out.",
		func(s *revocation.Stats) float64 { return float64(s.Live) })
	number("authd_live_kills_bytes", metrics.KindGauge, "Memory that they take.",
		func(s *revocation.Stats) float64 { return float64(s.Bytes) })
	number("authd_feed_age_seconds", metrics.KindGauge, "Age of as_of: every revocation acknowledged longer ago is obeyed. Above 30 s nothing is minted.",
		func(s *revocation.Stats) float64 { return s.Age.Seconds() })
	number("authd_keyring_age_seconds", metrics.KindGauge, "For how long, at most, keys and secrets are other ones than the store's. Above 30 s nothing is signed.",
		func(s *revocation.Stats) float64 { return s.Keyring.Seconds() })
	number("authd_store_polls_total", metrics.KindCounter, "Polls of the store that succeeded.",
		func(s *revocation.Stats) float64 { return float64(s.Polls) })
	number("authd_store_poll_failures_total", metrics.KindCounter, "Calls of the store by whoever follows it that failed.",
		func(s *revocation.Stats) float64 { return float64(s.Failures) })
	number("authd_store_rereads_total", metrics.KindCounter, "Readings of the feed from its beginning, because the place was not known any more.",
		func(s *revocation.Stats) float64 { return float64(s.Restarts) })
	number("authd_store_forks_total", metrics.KindCounter, "Times that the store's history was another one: a failover, or a restore. Each is an alarm.",
		func(s *revocation.Stats) float64 { return float64(s.Forks) })
	number("authd_feed_collected_total", metrics.KindCounter, "Kills that this server deleted because they had run out.",
		func(s *revocation.Stats) float64 { return float64(s.Collected) })
}

// watchFeed registers what verifiers are served.
func (m *meters) watchFeed(read func() revocation.FeedStats) {
	number := func(name string, kind metrics.Kind, help string, of func(revocation.FeedStats) int64) {
		m.registry.Func(metrics.Family{Name: name, Kind: kind, Help: help}, func() float64 { return float64(of(read())) })
	}
	number("authd_feed_held_polls", metrics.KindGauge, "Polls of verifiers that are held, now.",
		func(s revocation.FeedStats) int64 { return s.Held })
	number("authd_feed_turned_away_total", metrics.KindCounter, "Polls that were answered at once because too many were held.",
		func(s revocation.FeedStats) int64 { return s.TurnedAway })
	number("authd_feed_pages_signed_total", metrics.KindCounter, "Pages that were signed. Any number of verifiers share one.",
		func(s revocation.FeedStats) int64 { return s.Signed })
	number("authd_feed_foreign_cursors_total", metrics.KindCounter, "Polls with a cursor that is no place in this feed. They were told to begin again.",
		func(s revocation.FeedStats) int64 { return s.Foreign })
}
