// Package pgwire passes bytes on to PostgreSQL and counts the messages after which a client waits.
//
// It knows where messages of the protocol begin and end, and no more of them. It must never know who speaks.
package pgwire
