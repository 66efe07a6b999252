//go:build unix

// Measure says how long a logout takes to be obeyed, and what it costs to tell many. It builds authd,
// starts a PostgreSQL and two instances of its own, and takes two numbers:
//
//   - from the answer to a logout until every one of three verifiers refuses the session's token, over
//     many logouts at random moments;
//   - what thousands of held polls cost the database, and how many signatures one logout costs then.
//
// It ends with a status other than 0 if a goal is missed.
//
//	make measure-logout
//
// It knows the wire and the published verifier, as a service does. It must never know how authd comes to
// an answer: what is measured is what ships.
package main
