//go:build linux

package main

import (
	"strings"
	"testing"

	"github.com/authd/authd/e2e/bench/report"
)

func TestMissesAreExplainedByCostsOfTheRun(t *testing.T) {
	t.Parallel()
	of := func(v float64) report.Spread { return report.Of([]float64{v}) }
	rows := []report.Row{{ID: "login"}, {ID: "refresh-es256"}, {ID: "refresh-eddsa"}, {ID: "jwks"}}
	explain(rows, []report.Load{
		{ID: "one-statement", PerSecond: of(9000), Postgres: of(0.143), Generator: of(0.047)},
		{ID: "refresh-es256", PerSecond: of(10000), Service: of(0.108), Postgres: of(0.039), Generator: of(0.017)},
		{ID: "refresh-eddsa", Service: of(0.1028)},
		{ID: "bare-chi", Service: of(0.0244)},
		{ID: "jwks", Service: of(0.02996)},
	}, 2)
	for i, want := range [][]string{
		nil,
		{"the 2 of them at work for 82 %", "the one statement for 86 %", "PostgreSQL 143 µs and the clients 47;", "PostgreSQL 39, the clients 17 and the service 108,"},
		{"103 against 108 µs"},
		{"five headers", "30 µs of the service's CPU against 24.4."},
	} {
		if (rows[i].MadeOf == "") != (want == nil) {
			t.Errorf("%s: got %q", rows[i].ID, rows[i].MadeOf)
		}
		for _, part := range want {
			if !strings.Contains(rows[i].MadeOf, part) {
				t.Errorf("%s lacks %q: %s", rows[i].ID, part, rows[i].MadeOf)
			}
		}
	}
}
