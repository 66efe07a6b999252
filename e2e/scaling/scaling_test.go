package main

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/e2e/bench/report"
)

// example has round costs: a refresh of 0.1 + 0.02 ms, a login of 76 ms of which 75 are bcrypt of cost 10.
func example() *report.Report {
	load := func(id string, rate, service, postgres, wal, generator float64) report.Load {
		of := func(v float64) report.Spread { return report.Of([]float64{v}) }
		return report.Load{ID: id, PerSecond: of(rate), Service: of(service), Postgres: of(postgres), WAL: of(wal), Generator: of(generator)}
	}
	return &report.Report{
		At: time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC), Kind: "short", Machine: report.Machine{CPU: "a cpu", Cores: 2},
		Loads: []report.Load{
			load("refresh-es256", 8000, 0.1, 0.02, 500, 0.05), load("login", 26, 76, 0.5, 1000, 0.1),
			load("logout", 8000, 0.05, 0.05, 1000, 0.05), load("bcrypt", 27, 0, 0, 0, 75), load("jwks", 30_000, 0.02, 0, 0, 0.02),
		},
		Charts: []report.Chart{{ID: "kills", Series: []report.Series{{Points: []report.Point{{X: 0, Y: 20}, {X: 5e5, Y: 31}, {X: 1e6, Y: 60}}}}}},
	}
}

func mustCosts(t *testing.T) costs {
	t.Helper()
	c, err := costsOf(example())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// about compares amounts to a millionth.
func about(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6*math.Abs(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestALoginCostsFourTimesTheBcryptOfTheRun(t *testing.T) {
	t.Parallel()
	c := mustCosts(t)
	about(t, "bcrypt", c.bcrypt, 0.3)
	about(t, "login", c.login.service, 0.301) // 1 ms beside it
	about(t, "refresh", c.refresh.service, 0.0001)
	about(t, "a live kill", c.kill, 40*1.048576) // 40 MiB for a million
	about(t, "logouts of a head", c.ends, 8000)
	about(t, "cores at work", c.busy, 0.6) // 8000 x 0.15 ms of two
}

func TestAReportThatLacksACostIsRefused(t *testing.T) {
	t.Parallel()
	for i := range example().Loads {
		r := example()
		r.Loads[i].ID += "-2"
		if _, err := costsOf(r); err == nil {
			t.Errorf("without load %d: it was taken", i)
		}
	}
	r := example()
	r.Charts[0].Series[0].Points = r.Charts[0].Series[0].Points[:1]
	if _, err := costsOf(r); err == nil {
		t.Error("without the memory of kills: it was taken")
	}
}

// 30 million users, 3 million of them active: 10,000 refreshes a second. 2 million logins and a million logouts in a
// day are 69.4 and 34.7 a second at three times the mean.
func TestNeedsFollowFromWhatUsersDo(t *testing.T) {
	t.Parallel()
	n := plan(usual(30e6, 25_000), mustCosts(t))
	about(t, "refreshes", n.refreshes, 10_000)
	about(t, "logins", n.logins, 3*2e6/86400)
	about(t, "logouts", n.logouts, 3*1e6/86400)
	about(t, "answers of the feed", n.answers, 25_000*20*(1-math.Exp(-n.logouts/20)))
	about(t, "cores for them", n.telling, 2*n.answers*0.00002)
	about(t, "authd", n.authd, 2*(1+n.logins*0.301+n.logouts*0.00005)+n.telling)
	about(t, "bcrypt", n.bcrypt, 2*n.logins*0.3)
	about(t, "PostgreSQL", n.postgres, 2*(0.2+n.logins*0.0005+n.logouts*0.00005))
	about(t, "WAL", n.wal, 5e6+n.logins*1000+n.logouts*1000)
	about(t, "disk", n.disk, 30e6*(300+2*900+9*500)) // nine rows of the audit in ninety days
	about(t, "instances", n.instances, 8)            // 44 cores, and 16 for the feed, of eight each
	about(t, "live kills", n.kills, n.logouts*420)
	about(t, "all of the feed", n.all, n.each*25_000)
	about(t, "databases", n.databases, 1)
}

func TestThereAreTwoInstancesAndEnoughForThePolls(t *testing.T) {
	t.Parallel()
	about(t, "hardly anybody", plan(usual(100, 1), mustCosts(t)).instances, 2)
	about(t, "35,000 verifiers", plan(usual(100, 35_000), mustCosts(t)).instances, 4)
}

func TestWhatASingleDatabaseCannotTakeIsSplit(t *testing.T) {
	t.Parallel()
	none := costs{ends: 8000}
	for _, split := range []struct {
		what string
		demand
		costs
		want float64
	}{
		{"its cores", demand{active: 1, ttl: 1, users: 1e6}, costs{refresh: cost{postgres: 50e-6}, ends: 1}, 4}, // 50 at half: 100 of 32
		{"its log", demand{active: 1, ttl: 1, users: 1e6}, costs{refresh: cost{wal: 250}, ends: 1}, 3},
		{"its disk", demand{ttl: 300, users: 1e9, sessions: 4}, none, 2}, // 3.9 TB
		{"its head", demand{ttl: 300, users: 86400, logouts: 9, peak: 1}, costs{ends: 8}, 3},
		{"nothing", demand{ttl: 300, users: 86400, logouts: 9, peak: 1}, none, 1},
	} {
		about(t, split.what, plan(split.demand, split.costs).databases, split.want)
	}
}

func TestTheFeedCostsAPageInTwentySecondsOrTwentyPagesASecond(t *testing.T) {
	t.Parallel()
	about(t, "an entry", entryBytes, 38*4./3)
	about(t, "nobody logs out", feed(0, 0), 740./20)
	// Every turn has one of a thousand logouts: twenty pages, 1,750 entries.
	about(t, "a thousand a second", feed(1000, 420_000), 20*740+1750*entryBytes)
	// One in ten seconds: 0.09975 pages with 7.5 entries besides the new one, and one in seven waits runs out.
	pages, idle := 20*(1-math.Exp(-0.005)), math.Exp(-2)/20
	about(t, "one in ten seconds", feed(0.1, 42), (pages+idle)*740+(0.1+7.5*pages)*entryBytes)
}

func TestAmountsClaimTwoDigits(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 0.000123: "0.00012", 0.0123: "0.012", 3.33: "3.3", 9.96: "10", 33.3: "33", 999: "1 k", 4321: "4.3 k", 333_333: "330 k", 1e9: "1 G"} {
		if got := short(v); got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
	if got := size(1.26e11); got != "130 GB" {
		t.Errorf("got %q", got)
	}
}

func TestThePageHasARowForEachSize(t *testing.T) {
	t.Parallel()
	text := page(example(), mustCosts(t))
	for _, want := range []string{
		"| 10 thousand users | 1 million users | 10 million users | 100 million users | 1 billion users |",
		"| refreshes a second | 3.3 | 330 | 3.3 k | 33 k | 330 k |",
		"| refresh (ES256) | 0.1 | 0.02 | 500 |",
		"| 1 k | 420 k |",
		"a **short** run of the benchmark on 2026-11-23",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "%!") || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Error("an amount that is none")
	}
}

// The page and what it was computed from are published together.
func TestThePublishedPageIsWhatIsComputed(t *testing.T) {
	t.Parallel()
	published, err := os.ReadFile("../../docs/scaling.md")
	want, err2 := compute("../../docs/performance.json")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(published)); diff != "" {
		t.Errorf("make scaling would change it (-want +got):\n%s", diff)
	}
}

func TestThePageIsWrittenFromAFile(t *testing.T) {
	t.Parallel()
	in, out := t.TempDir()+"/performance.json", t.TempDir()+"/scaling.md"
	f, err := os.Create(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(example().Write(f), f.Close()); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-i", in, "-o", out}, nil); err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	if err := run([]string{"-i", in}, &printed); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(out)
	if diff := cmp.Diff(printed.String(), string(written)); diff != "" || err != nil {
		t.Errorf("error %v (-printed +written):\n%s", err, diff)
	}
	for _, args := range [][]string{{"more"}, {"-i", out}, {"-i", in + "2"}} {
		if err := run(args, &printed); err == nil {
			t.Errorf("%q: it worked", args)
		}
	}
}
