//go:build unix

// Package everystore runs a test on every store that ships, each on an empty, migrated database of its
// own. Tests alone import it.
//
// It must never offer a way to leave a store out.
package everystore
