// Package e2e has no code of its own, only tests: they build authd as it ships, start real processes on
// both stores, and take something away from them. A process is killed in the middle of what it does, a
// connection is cut, a database goes down, a client hangs up. What must hold then is in
// docs/threat-cases.md.
//
// It is a module of its own because what it needs, such as other people's JWT libraries, is no
// requirement of authd. It knows the wire and the operator's side: flags, signals, answers, and the rows
// where no answer tells. It must never know how authd comes to an answer: of the packages of authd it
// imports those alone that lend a PostgreSQL to tests, and verify as services do.
package e2e
