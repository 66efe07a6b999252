//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/authd/authd/e2e/bench/report"
	"github.com/authd/authd/verify"
)

// liveKills are the numbers of live kills at which memory is looked at. The goals are about the last.
var liveKills = []int{0, 100_000, 250_000, 500_000, 1_000_000}

// killed fills the feed as logouts and, every eighth time, a user's epoch would, for a day. The second statement of
// two makes the head name the last of them.
const (
	killed = `
insert into kills (seq, kind, subject, value, until, mark)
select i, case i % 8 when 0 then 'sub' else 'sid' end, substr(sha256(i::text::bytea), 1, 12),
       case i % 8 when 0 then i else 0 end, now() + interval '1 day', i
  from generate_series($1::bigint + 1, $2::bigint) i`
	killedHead = `update feed_head set seq = $1::bigint, mark = $1::bigint`
)

// kills measures what live kills cost: memory, a longer start, and a look at each of them in a verifier.
func (b *bench) kills(ctx context.Context) error {
	url, err := b.schema(ctx, "kills")
	if err != nil {
		return err
	}
	settings := append(onPostgres(url), "AUTHD_ACCESS_TTL=1h")
	first, err := b.serve(ctx, settings...)
	if err != nil {
		return err
	}
	if err := b.end(first); err != nil {
		return err
	}
	pool, err := openPool(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	memory := report.Series{Name: "authd"}
	var resident, took []float64
	for n, many := range liveKills {
		if n > 0 {
			_, err := pool.Exec(ctx, killed, liveKills[n-1], many)
			_, err2 := pool.Exec(ctx, killedHead, many)
			_, err3 := pool.Exec(ctx, "vacuum (analyze) kills")
			if err := errors.Join(err, err2, err3); err != nil {
				return err
			}
		}
		b.say("%d kills", many)
		resident, took = nil, nil
		for range 3 {
			t, i, err := b.start(ctx, settings)
			if err != nil {
				return err
			}
			mib, err := i.settledMiB(ctx)
			if err != nil {
				return err
			}
			resident, took = append(resident, mib), append(took, t.Seconds())
			if err := b.end(i); err != nil {
				return err
			}
			if many < liveKills[len(liveKills)-1] {
				break // for the line in the plot one look is enough
			}
		}
		memory.Points = append(memory.Points, report.Point{X: float64(many), Y: report.Of(resident).Median})
	}
	b.found.Rows = append(b.found.Rows,
		atMost("rss-kills", "resident memory, 1 M kills live", "MiB", 64, "", report.Of(resident)),
		atMost("start-kills", "start to the first 200 with 1 M kills to load", "s", 0.7, "", report.Of(took)))
	b.found.Charts = append(b.found.Charts, report.Chart{ID: "kills", Title: "Memory against live kills", X: "live kills", Y: "MiB resident",
		Series: []report.Series{memory}})
	return b.verifying(ctx, settings)
}

// verifying measures a verifier that knows a million kills.
func (b *bench) verifying(ctx context.Context, settings []string) error {
	i, err := b.serve(ctx, settings...)
	if err != nil {
		return err
	}
	defer b.end(i)
	raws, err := accessTokens(i, 1024)
	if err != nil {
		return err
	}
	config := verify.Config{Issuer: issuer, Audience: issuer, URL: "http://" + i.address}
	remembers, stop, err := follow(ctx, config)
	if err != nil {
		return err
	}
	defer stop()
	config.CacheSize = -1
	forgets, stop, err := follow(ctx, config)
	if err != nil {
		return err
	}
	defer stop()
	plain, err := plainES256(i, raws[0])
	if err != nil {
		return err
	}
	var first, seen, allocations []float64
	for range b.plan.rounds {
		x, err := firstSight(ctx, forgets, plain, raws[0], b.plan.turn/2)
		if err != nil {
			return err
		}
		us, allocs, err := seenBefore(ctx, remembers, raws, b.plan.turn/2)
		if err != nil {
			return err
		}
		first, seen, allocations = append(first, x), append(seen, us), append(allocations, allocs)
	}
	known := remembers.Status().Kills
	if known < liveKills[len(liveKills)-1] {
		return fmt.Errorf("the verifier knows %d kills", known)
	}
	b.found.Rows = append(b.found.Rows,
		atMost("verify-first", "verify in a service, first sight / plain crypto", "", 1.1, "a round trip", report.Of(first)),
		atMost("verify-seen", "verify in a service, seen before, 1 M kills", "µs", 0.4, "a round trip", report.Of(seen)),
		atMost("verify-allocs", "allocations of that", "", 0, "", report.Of(allocations)))
	return nil
}

// accessTokens are of one session, refreshed again and again.
func accessTokens(i *instance, n int) (raws []string, err error) {
	if _, err := once(i.address, 201, post("/register", credentials(0))); err != nil {
		return nil, err
	}
	request := post("/login", credentials(0))
	for range n {
		body, err := once(i.address, 200, request)
		if err != nil {
			return nil, err
		}
		access, err := memberOf([]byte(body), "access_token")
		if err != nil {
			return nil, err
		}
		refresh, err := memberOf([]byte(body), "refresh_token")
		if err != nil {
			return nil, err
		}
		raws = append(raws, string(access))
		request = post("/refresh", `{"refresh_token":"`+string(refresh)+`"}`)
	}
	return raws, nil
}
