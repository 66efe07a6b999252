// Package conformance has no code, only tests: what the verifier accepts is held to Project Wycheproof's
// vectors and to what other libraries accept. It is a module of its own, so that whoever imports the
// verifier requires nothing else.
package conformance
