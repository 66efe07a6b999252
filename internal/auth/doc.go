// Package auth holds the words that every other package speaks: the ids of users and sessions, the
// epoch, the one error type and [Secret].
//
// It knows the standard library and nothing else. It must never learn of storage, HTTP, passwords or
// tokens: a type that needs one of those belongs to a higher floor.
package auth
