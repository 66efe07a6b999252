// Package storetest is what a store must be shown to do before authd may stand on it: one suite of
// claims for both stores, with no way to opt out of one. Tests import it; nothing that ships does.
//
// A claim is a sentence about the promises of tokens.Store, tokens.KeyringStore, accounts.Store,
// audit.Store and revocation.Store, and a function that tries to refute it on an empty store. Every
// claim is known to be able to fail: the tests of this package run it against a store with one
// deliberate defect.
//
// It knows the five interfaces. It must never know SQL or a dialect, and makes no allowance for one:
// where the two stores differ, one of them is wrong.
package storetest
