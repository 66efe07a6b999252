// Package sqlite keeps users, clients, sessions, kills, the keyring and the audit in one SQLite file, for a
// service that runs as one process. Commands may open the same file beside it.
//
// It knows SQL, transactions and how rows become the types of those who ask. It must never know whether
// a token may do something: it loads rows, and applies changes that were decided on a row's version. It
// reads no clock but the one it is given, and no statement compares that with anything: the clock goes
// to whoever decides.
//
// There is one write connection. SQLite allows one writer at a time; a pool of them would only meet in
// its busy handler, which sleeps, instead of in a queue of ours, which does not.
package sqlite
