package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/authd/authd/e2e/bench/report"
)

// crowds are how many users there are, and how many verifiers they are taken to come with.
var crowds = []struct {
	name             string
	users, verifiers float64
}{{"10 thousand", 1e4, 10}, {"1 million", 1e6, 100}, {"10 million", 1e7, 1000}, {"100 million", 1e8, 10_000}, {"1 billion", 1e9, 100_000}}

// page is docs/scaling.md.
func page(r *report.Report, c costs) string {
	var b strings.Builder
	fmt.Fprintf(&b, intro, r.Kind, r.At.Format(time.DateOnly), r.Machine.CPU, r.Machine.Cores)
	measured(&b, c)
	d := usual(0, 0)
	fmt.Fprintf(&b, assumed, d.active*100, d.ttl/60, 1/d.logins, 1/d.logouts, d.peak, d.sessions,
		share*100, perHost, held, row, userRow, event, bareBytes, headBytes, entryBytes, dbCores, dbWAL/1e6, dbDisk/1e12, share*100)
	byUsers(&b, c)
	byLifetime(&b, c)
	byLogouts(&b, c)
	fmt.Fprintf(&b, limits, short(c.ends), percent(c.busy), short(c.ends*share), short(pageEntries*polls))
	b.WriteString(beyond)
	return b.String()
}

// measured tells the costs that everything else is computed from.
func measured(b *strings.Builder, c costs) {
	b.WriteString("\n| one request | authd, CPU ms | PostgreSQL, CPU ms | WAL, bytes |\n|---|---|---|---|\n")
	for _, of := range []struct {
		what string
		cost
	}{{"refresh (ES256)", c.refresh}, {"login, passwords of cost 12", c.login}, {"logout", c.logout}} {
		fmt.Fprintf(b, "| %s | %.3g | %.3g | %.0f |\n", of.what, of.service*1e3, of.postgres*1e3, of.wal)
	}
	fmt.Fprintf(b, "\nOf a login, %.0f ms are bcrypt: the run's passwords cost 10, and each step doubles that, so it is four times what one\n"+
		"took there. A live kill takes %.0f bytes of an instance and %.0f of a verifier. One head took %s logouts a second.\n",
		c.bcrypt*1e3, c.kill, verifier, short(c.ends))
}

func byUsers(b *strings.Builder, c costs) {
	all := make([]needs, len(crowds))
	b.WriteString("\n## By users\n\n| ")
	for i, crowd := range crowds {
		all[i] = plan(usual(crowd.users, crowd.verifiers), c)
		fmt.Fprintf(b, "| %s users ", crowd.name)
	}
	b.WriteString("|\n|---" + strings.Repeat("|---", len(crowds)) + "|\n")
	for _, line := range []struct {
		what string
		is   func(i int, n needs) string
	}{
		{"refreshes a second", func(_ int, n needs) string { return short(n.refreshes) }},
		{"logins a second", func(_ int, n needs) string { return short(n.logins) }},
		{"logouts a second", func(_ int, n needs) string { return short(n.logouts) }},
		{"**authd**: cores in all", func(_ int, n needs) string { return short(n.authd) }},
		{"of which bcrypt", func(_ int, n needs) string { return percent(n.bcrypt / n.authd) }},
		{"of which the feed", func(_ int, n needs) string { return percent(n.telling / n.authd) }},
		{"instances", func(_ int, n needs) string { return short(n.instances) }},
		{"**PostgreSQL**: cores", func(_ int, n needs) string { return short(n.postgres) }},
		{"WAL a second", func(_ int, n needs) string { return size(n.wal) }},
		{"disk, with the audit", func(_ int, n needs) string { return size(n.disk) }},
		{"**live kills**", func(_ int, n needs) string { return short(n.kills) }},
		{"memory for them, an instance", func(_ int, n needs) string { return memory(n.memory) }},
		{"memory for them, a verifier", func(_ int, n needs) string { return memory(n.remembered) }},
		{"**feed**: verifiers", func(i int, _ needs) string { return short(crowds[i].verifiers) }},
		{"answers a second, to all", func(_ int, n needs) string { return short(n.answers) }},
		{"a second, to each", func(_ int, n needs) string { return size(n.each) }},
		{"a second, to all", func(_ int, n needs) string { return size(n.all) }},
		{"**databases, each an issuer**", func(_ int, n needs) string { return short(n.databases) }},
	} {
		fmt.Fprintf(b, "| %s ", line.what)
		for i, n := range all {
			fmt.Fprintf(b, "| %s ", line.is(i, n))
		}
		b.WriteString("|\n")
	}
}

func byLifetime(b *strings.Builder, c costs) {
	fmt.Fprintf(b, lifetimes, short((c.login.service+c.login.postgres)/(c.refresh.service+c.refresh.postgres)))
	for _, minutes := range []float64{1, 5, 15, 60} {
		d := usual(1e7, 1000)
		d.ttl = minutes * 60
		n := plan(d, c)
		fmt.Fprintf(b, "| %.0f min | %s | %s | %s | %s | %s | %s |\n", minutes, short(n.refreshes), short(n.authd-n.bcrypt-n.telling), short(n.postgres),
			size(n.wal), short(n.kills), memory(n.memory))
	}
}

func byLogouts(b *strings.Builder, c costs) {
	b.WriteString(logoutRates)
	for _, logouts := range []float64{0, 1, 10, 100, 1000, 10_000, 100_000} {
		kills := logouts * (usual(0, 0).ttl + leeway)
		each := feed(logouts, kills)
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", short(logouts), short(kills), memory(kills*c.kill), memory(kills*verifier),
			size(each), size(each*1000), size(each*100_000), percent(logouts/c.ends))
	}
}

// short writes an amount with two digits that mean something: more would claim to be known.
func short(v float64) string { return scaled(v, "", " k", " M", " G") }

// size writes an amount of bytes.
func size(v float64) string { return scaled(v, " B", " kB", " MB", " GB", " TB", " PB") }

// memory does not count what every process has anyway.
func memory(v float64) string {
	if v < 1e6 {
		return "< 1 MB"
	}
	return size(v)
}

func scaled(v float64, units ...string) string {
	for v >= 995 && len(units) > 1 {
		v, units = v/1e3, units[1:]
	}
	return two(v) + units[0]
}

// two rounds to two digits that mean something, and to whole ones from ten on.
func two(v float64) string {
	if v == 0 {
		return "0"
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	v = math.Round(v/unit) * unit
	if v >= 10 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2g", v)
}

func percent(v float64) string { return two(v*100) + " %" }
