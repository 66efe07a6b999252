//go:build unix

// Interop runs software that others wrote against a running authd: libraries that verify tokens, a gateway
// that does, and OAuth clients. It builds the program, starts one authd for each algorithm on an SQLite file
// of its own, and asks every verifier the same questions (see [examine]): whether it takes a good token and
// refuses bad ones, and whether it goes on when the key turns as planned, and when it is killed.
//
//	make interop
//
// installs what is needed and writes docs/interop.md. The tests of this package are the part in Go, which
// needs nothing but the module proxy.
//
// It knows the wire, as any client does, and nothing of authd's code.
package main
