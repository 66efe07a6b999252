package main

import "math"

// demand is what users do, in the busiest hour.
type demand struct {
	users     float64
	verifiers float64 // processes that follow the feed
	active    float64 // share of the users who use an application just then
	ttl       float64 // of an access token, seconds
	sessions  float64 // stored, of one user: a row stays until its session would have ended, 30 days after the login
	logins    float64 // of one user in a day
	logouts   float64 // of one user in a day
	peak      float64 // how many times the mean of a day the busiest hour is
}

// usual is a demand that many products have.
func usual(users, verifiers float64) demand {
	return demand{users: users, verifiers: verifiers, active: 0.1, ttl: 300, sessions: 2, logins: 1. / 15, logouts: 1. / 30, peak: 3}
}

// needs are what a demand takes.
type needs struct {
	refreshes, logins, logouts float64 // a second
	answers                    float64 // of the feed a second, to all verifiers
	authd, bcrypt, telling     float64 // cores: all, those that compare passwords, those that send the feed
	instances                  float64
	postgres                   float64 // cores
	wal                        float64 // bytes a second
	disk                       float64 // bytes
	kills                      float64 // live
	memory, remembered         float64 // bytes for them, in each instance and in each verifier
	each, all                  float64 // bytes of feed a second, to one verifier and to all
	databases                  float64
}

// What machines are taken to be. The page says each of these.
const (
	day         = 86400.
	share       = 0.5    // of a core that is planned for: the rest is for a storm, or for another machine's death
	perHost     = 8.     // cores of an instance
	least       = 2.     // instances, so that one may die
	held        = 10_000 // polls that an instance holds at most
	dbCores     = 32.
	dbWAL       = 100e6 // bytes a second
	dbDisk      = 2e12  // bytes
	row         = 900.  // bytes of a session with its indexes: measured, 870
	userRow     = 300.  // of a user: measured, 270
	event       = 500.  // of the audit's row of a login or logout, with its indexes: measured
	retention   = 90.   // days for which the audit is kept by default
	leeway      = 120.  // seconds that a kill lives longer than the longest access token
	bareBytes   = 440.  // of a page without entries, as in docs/feed.md
	headBytes   = 300.  // of the HTTP around it
	wait        = 20.   // seconds that an idle poll is held: a third of the default budget
	polls       = 20.   // of the store a second, by an instance, beside those after logouts of its own
	again       = 0.75  // entries sent again for each new one, because pages begin at powers of two; two at most
	pageEntries = 16_384
	leastOver   = 7.5                   // entries sent again with a page, in the mean: the least of those powers is 16
	verifier    = 32. * (1 << 20) / 1e6 // bytes of a live kill in a verifier: verify/README.md
)

// entryBytes are those of an entry with its comma, a third longer in base64.
var entryBytes = float64(len(`["sid","MOZKIFp3-dhdXn7q",1795358043],`)) * 4 / 3

// plan computes what a demand needs.
func plan(d demand, c costs) (n needs) {
	n.refreshes = d.users * d.active / d.ttl
	n.logins = d.users * d.logins / day * d.peak
	n.logouts = d.users * d.logouts / day * d.peak
	n.bcrypt = n.logins * c.bcrypt / share
	n.answers = d.verifiers * answers(n.logouts)
	n.telling = n.answers * c.answer / share
	n.authd = n.sum(func(of cost) float64 { return of.service }, c)/share + n.telling
	n.postgres = n.sum(func(of cost) float64 { return of.postgres }, c) / share
	n.wal = n.sum(func(of cost) float64 { return of.wal }, c)
	n.instances = max(least, math.Ceil(n.authd/perHost), math.Ceil(d.verifiers/held))
	n.disk = d.users * (userRow + d.sessions*row + (d.logins+d.logouts)*retention*event)
	n.kills = n.logouts * (d.ttl + leeway)
	n.memory, n.remembered = n.kills*c.kill, n.kills*verifier
	n.each = feed(n.logouts, n.kills)
	n.all = n.each * d.verifiers
	n.databases = max(1, math.Ceil(n.postgres/dbCores), math.Ceil(n.wal/dbWAL), math.Ceil(n.disk/dbDisk),
		math.Ceil(n.logouts/(share*c.ends)))
	return n
}

// sum is what all requests of a second take.
func (n *needs) sum(part func(cost) float64, c costs) float64 {
	return n.refreshes*part(c.refresh) + n.logins*part(c.login) + n.logouts*part(c.logout)
}

// answers is how many pages a second a verifier at the head is sent: one for each turn of the polls in which somebody
// logged out, and one whenever a wait is over in which nobody did.
func answers(logouts float64) float64 { return turns(logouts) + math.Exp(-logouts*wait)/wait }

// turns is how many turns of the polls a second find a logout, when logouts come at random.
func turns(logouts float64) float64 { return polls * (1 - math.Exp(-logouts/polls)) }

// feed is how many bytes a second that verifier is sent. kills are the live ones: no page has more.
func feed(logouts, kills float64) float64 {
	entries := logouts + max(again*logouts, turns(logouts)*min(leastOver, kills))
	return answers(logouts)*(bareBytes+headBytes) + entries*entryBytes
}
