package main

import (
	"github.com/authd/authd/internal/metrics"
	"github.com/authd/authd/internal/tokens"
)

// watchKeys registers how the signing keys stand.
func (m *meters) watchKeys(read func() tokens.KeyStats) {
	number := func(name, help string, of func(tokens.KeyStats) float64) {
		m.registry.Func(metrics.Family{Name: name, Kind: metrics.KindGauge, Help: help}, func() float64 { return of(read()) })
	}
	number("authd_keys_published", "Keys in the key set.",
		func(s tokens.KeyStats) float64 { return float64(s.Published) })
	number("authd_key_active_age_seconds", "For how long the active key has been signing.",
		func(s tokens.KeyStats) float64 { return s.ActiveAge.Seconds() })
	number("authd_key_next_in_seconds", "Until the next key signs. 0 while its turn is not settled.",
		func(s tokens.KeyStats) float64 { return s.NextIn.Seconds() })
}
