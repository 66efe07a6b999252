// Package pgwire passes bytes on to PostgreSQL and counts the messages after which a client waits, and the statements
// that it has executed.
//
// It knows where messages of the protocol begin and end, and of a statement its name and text. It must never know who
// speaks, nor look at what a statement is given or finds.
package pgwire
