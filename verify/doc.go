// Package verify checks the access tokens of authd in the services that get them: offline, without
// asking authd about each one, and nevertheless obeying a logout within about a second.
//
// # Use
//
// Make one Verifier for the service, run it beside the server, and put its middleware before what needs
// a signed-in user:
//
//	v, err := verify.New(verify.Config{
//		Issuer:   "https://auth.example.com", // authd's AUTHD_ISSUER
//		Audience: "https://api.example.com",  // one of authd's AUTHD_AUDIENCE
//	})
//	if err != nil {
//		return err
//	}
//	go v.Run(ctx)
//
//	mux.Handle("GET /notes", v.Middleware(http.HandlerFunc(notes)))
//
// A handler behind it asks who is there:
//
//	claims, _ := verify.FromContext(r.Context())
//	owner := claims.Subject()
//
// Where being signed in is not enough, another middleware behind it asks for a role of the user or a scope
// of the token:
//
//	mux.Handle("DELETE /notes", v.Middleware(v.RequireRole("admin")(clear)))
//	mux.Handle("GET /export", v.Middleware(v.RequireScope("notes:export")(export)))
//
// Machines have tokens, too: their subject is the client, and they have scopes, but neither a session nor
// roles. Middleware lets them pass as it does people, so a route that is not for everybody says whom it is
// for. [Claims].SessionID is empty for machines.
//
// [Verifier.Middleware] has the type that chi's Use and With take. Where there is no HTTP, or another
// framework, [Verifier.Token] takes the token itself and answers with an error to match.
//
// # How it knows
//
// Run does two things. It fetches the key set from /.well-known/jwks.json when that may have changed, so
// that signatures are checked here. A set replaces the one before, and is fetched anew when its max-age is
// over, which is at least 30 s and at most an hour; authd publishes a key for longer than that before it
// signs by it, so a rotation costs no token a wait. While the set cannot be had, the last good one is used
// for a day at most, less the keys that the feed kills. And it follows the feed at /revocations, a signed list of what was
// declared dead early: sessions that were logged out, single tokens, users whose epoch was raised, and
// signing keys. authd holds that request open and answers the moment there is something to tell. A token
// is good if its signature, its claims and its times are, and if nothing of it was declared dead.
//
// # What it promises
//
// A logout that authd has acknowledged is obeyed by every connected verifier in about a second. A
// verifier that hears nothing accepts nothing once its budget is spent: [Config].MaxStaleness, 60 s
// unless you say otherwise. It counts from the instant at which it sent the last request that was
// answered completely, on a clock that nobody can set.
//
// Pages of the feed are signed and say when they were made. One that says to be further than two minutes
// from this machine's clock is refused. Whoever can hold back and replay what authd sends, which needs a
// place on the wire inside of TLS, can therefore make a verifier believe for at most two minutes more
// than the budget, and for as long as this machine's clock is behind authd's. A machine that slept, or whose monotonic clock stood still for another reason, is
// found out by its wall clock, within the same two minutes.
//
// # Not knowing is 503
//
// A verifier that does not know whether a token is good says so: [ErrNotReady] before the feed was read
// to its end for the first time, and [ErrStale] when the budget is spent. The middleware answers 503 with
// Retry-After, never 401. At a 401 every client would throw its token away and sign in again, all at
// once, at an authd that is in trouble already. Both heal by themselves.
//
// Routes differ in what a stolen minute may cost, so [Verifier.WithMaxStaleness] gives some of them
// another budget:
//
//	strict, err := v.WithMaxStaleness(10 * time.Second) // payments
//	relaxed, err := v.WithMaxStaleness(5 * time.Minute) // as a plain JWT would behave
//
// # Errors
//
//	ErrNoToken   401  no Authorization header
//	ErrRequest   400  an Authorization header that is not one Bearer token
//	ErrInvalid   401  not a token of this issuer for this audience
//	ErrExpired   401  its time is over
//	ErrRevoked   401  it was logged out
//	ErrStale     503  no news within the budget
//	ErrNotReady  503  nothing is known yet
//
//	ErrRole      403  behind RequireRole: the subject does not have the role
//	ErrScope     403  behind RequireScope: the token does not have the scope
//	ErrNoClaims  500  behind either, with no Middleware before it
//
// [WriteError] writes these answers; [Config].WriteError takes its place. To answer strangers too, call
// [Verifier.Request] and look for ErrNoToken.
//
// # Start and stop
//
// New starts nothing, and fails only on a wrong configuration: authd may be down. Run tries until its
// context ends. [Verifier.WaitReady] waits for the first complete answer, [Verifier.Ready] is for a
// readiness probe and names what failed last, [Verifier.Status] is for gauges, and [Config].Hooks counts.
//
// # Costs
//
// A token that is seen for the first time costs 1.04 times its signature alone, some 0.1 ms. One that was
// seen before costs less than half a microsecond and allocates nothing; its times and kills are looked at
// every time. A million live kills take 32 MiB, and half a second to load. The benchmarks have the figures.
//
// # What it takes
//
// One form of everything, and no switch that makes it less: compact JWS; typ at+jwt (RFC 9068); ES256,
// EdDSA with Ed25519 or RS256, whichever the key is for; a header of alg, kid and typ and nothing else;
// iss and aud to the letter; at most an hour from iat to exp; numbers of whole seconds. It has no
// dependencies but the standard library.
package verify
