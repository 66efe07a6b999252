// Package postgres keeps sessions, users, clients, kills, the keyring and the audit in PostgreSQL, 12 or newer.
//
// It loads rows and applies changes by compare-and-swap, each call in one transaction of at most two
// network messages. It knows SQL, locks and what an error of the driver means for a caller. It must
// never know whether a token is allowed, reused or expired, nor read this machine's clock: times are
// the database's, or came from it.
//
// Every statement is a constant of this package. Nothing here outlives a transaction on the server
// (no SET, no LISTEN, no advisory lock), so a pooler such as PgBouncer may stand in between.
package postgres
