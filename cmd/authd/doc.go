// Command authd checks passwords, opens sessions, hands out short-lived access tokens and can still
// log people out now.
//
// This package knows flags, the environment, files, signals and which parts stand on which: it reads
// the settings, builds the parts in one straight line and runs them. It must never decide what a
// password, a session or a token may do, and nothing below it reads a flag, a variable or a file of
// its own accord.
package main
