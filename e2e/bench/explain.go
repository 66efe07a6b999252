//go:build linux

package main

import (
	"fmt"

	"github.com/authd/authd/e2e/bench/report"
)

// explain tells the rows that may well be missed what their figures are made of: with the costs of this run, so that
// the page stays true when it is measured again. Only parts of a part are from a profile, and said roughly.
func explain(rows []report.Row, loads []report.Load, cores int) {
	by := make(map[string]report.Load, len(loads))
	for _, l := range loads {
		by[l.ID] = l
	}
	one, es256, eddsa := by["one-statement"], by["refresh-es256"], by["refresh-eddsa"]
	bare, jwks := by["bare-chi"], by["jwks"]
	for i := range rows {
		switch row := &rows[i]; row.ID {
		case "refresh-es256":
			row.MadeOf = fmt.Sprintf("Processors decide: refreshes keep the %d of them at work for %.0f %% of the time, the one statement for %.0f %%, "+
				"so what a request costs is what counts. The one statement costs PostgreSQL %s µs and the clients %s; a refresh costs "+
				"PostgreSQL %s, the clients %s and the service %s, of which the signature is about a quarter and HTTP about a third.",
				cores, busy(es256, cores), busy(one, cores), micros(one.Postgres), micros(one.Generator),
				micros(es256.Postgres), micros(es256.Generator), micros(es256.Service))
		case "refresh-eddsa":
			row.MadeOf = fmt.Sprintf("Go signs Ed25519 in nearly the time of ES256 (the service's CPU: %s against %s µs), "+
				"and the goal supposes a signature that is much cheaper.", micros(eddsa.Service), micros(es256.Service))
		case "jwks":
			row.MadeOf = fmt.Sprintf("authd sends five headers more than the yardstick (Content-Security-Policy, X-Content-Type-Options, "+
				"Referrer-Policy, X-Request-Id, Access-Control-Allow-Origin), holds clients to deadlines, watches connections, "+
				"and counts each request: %s µs of the service's CPU against %s.", micros(jwks.Service), micros(bare.Service))
		}
	}
}

// busy is how much of the cores a load kept at work, in percent.
func busy(l report.Load, cores int) float64 {
	each := l.Service.Median + l.Postgres.Median + l.Generator.Median // milliseconds
	return 100 * l.PerSecond.Median * each / 1e3 / float64(max(cores, 1))
}

// micros writes an amount of milliseconds.
func micros(s report.Spread) string { return fmt.Sprintf("%.3g", s.Median*1e3) }
