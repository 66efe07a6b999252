//go:build unix

// Measure takes numbers of authd as it ships. It builds the program, starts a PostgreSQL and two instances
// of its own, and measures what it was asked for:
//
//   - logouts: the time from the answer to a logout until every one of three verifiers refuses the session's
//     token, over many logouts at random moments; then what thousands of held polls cost the database, and
//     how many signatures one logout costs then;
//   - rotation: whether any token is refused while keys turn every few seconds under load, and how long the
//     tokens of a killed key are accepted.
//
// It ends with a status other than 0 if a goal is missed.
//
//	make measure-logout
//	make measure-rotation
//
// It knows the wire and the published verifier, as a service does. It must never know how authd comes to
// an answer: what is measured is what ships.
package main
