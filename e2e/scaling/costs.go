package main

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/authd/authd/e2e/bench/report"
)

// cost is what one request takes.
type cost struct {
	service, postgres float64 // CPU, seconds
	wal               float64 // bytes
}

// costs are what a run found.
type costs struct {
	refresh, login, logout cost    // a login with the default cost of a password
	bcrypt                 float64 // CPU of one comparison at that cost, seconds; a part of login
	answer                 float64 // CPU of an answer that is ready, seconds: that of the key set
	ends                   float64 // logouts a second that one feed head took, on one machine with all the rest
	busy                   float64 // share of that machine's cores that were at work meanwhile
	kill                   float64 // bytes resident in an instance for each live kill
}

// steps is from the cost of passwords in the benchmark, 10, to the default, 12: each doubles the work.
const steps = 2

func costsOf(r *report.Report) (c costs, err error) {
	loads := make(map[string]*report.Load)
	for _, id := range []string{"refresh-es256", "login", "logout", "bcrypt", "jwks"} {
		at := slices.IndexFunc(r.Loads, func(l report.Load) bool { return l.ID == id })
		if at < 0 || r.Loads[at].PerSecond.Median <= 0 {
			return c, fmt.Errorf("it has no load %q", id)
		}
		loads[id] = &r.Loads[at]
	}
	c.refresh, c.login, c.logout = costOf(loads["refresh-es256"]), costOf(loads["login"]), costOf(loads["logout"])
	once := loads["bcrypt"].Generator.Median / 1e3
	c.bcrypt = once * math.Pow(2, steps)
	c.login.service = max(0, c.login.service-once) + c.bcrypt
	c.answer = loads["jwks"].Service.Median / 1e3
	c.ends = loads["logout"].PerSecond.Median
	if r.Machine.Cores < 1 {
		return c, errors.New("it does not say how many cores there were")
	}
	each := c.logout.service + c.logout.postgres + loads["logout"].Generator.Median/1e3
	c.busy = c.ends * each / float64(r.Machine.Cores)
	c.kill, err = slope(r, "kills")
	return c, err
}

func costOf(l *report.Load) cost {
	return cost{service: l.Service.Median / 1e3, postgres: l.Postgres.Median / 1e3, wal: l.WAL.Median}
}

// slope is what each live kill adds, in bytes, by the ends of the line of a plot in MiB.
func slope(r *report.Report, id string) (float64, error) {
	for _, c := range r.Charts {
		if c.ID != id || len(c.Series) == 0 || len(c.Series[0].Points) < 2 {
			continue
		}
		points := c.Series[0].Points
		first, last := points[0], points[len(points)-1]
		if grows := (last.Y - first.Y) / (last.X - first.X); grows > 0 && last.X > first.X {
			return grows * (1 << 20), nil
		}
	}
	return 0, fmt.Errorf("its plot %q has no line that rises", id)
}
