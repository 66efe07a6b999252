// Command vectors writes the test vectors that authd's tokens and every verifier of them are held to,
// whatever its language. Run it from the root of the repository, as go run ./internal/vectors: the same
// bytes go to verify/testdata/vectors and to internal/tokens/testdata/vectors, because the two modules
// share nothing else.
//
// It writes the same bytes each time. Keys are committed (keys.json), and ECDSA signatures are made by
// the rule of RFC 6979.
//
// It knows the wire formats from their specifications and makes tokens by hand. It must never import
// what makes or reads them in authd or in the verifier: who copies an error cannot find it.
package main
