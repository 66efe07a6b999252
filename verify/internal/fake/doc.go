// Package fake is an authd in memory, for tests: it publishes keys, signs access tokens, and serves the
// feed of kills, over HTTP without a network. It does what an authd would, and what an attacker or a
// broken one might.
//
// It is written from the specification of the feed and uses nothing of the verifier, so that an error in
// the one is not made up for by the same error in the other.
package fake
