//go:build unix

// Command hostile attacks authd with a million requests that no honest client sends, and a few that some do,
// and writes docs/measured-hostile.md:
//
//	go -C e2e run ./hostile -o ../docs/measured-hostile.md
//
// What there is to attack it reads from openapi.yaml: a new operation is attacked because it stands there. Each
// request is a right one of its operation that was spoiled by one or two entries of tables: of paths, methods,
// headers, credentials, JSON, forms, values, and bytes that are no HTTP. The number of a request and the seed
// decide everything about it, but for what authd itself drew, such as tokens.
//
// Requests come in blocks. Those of a block of strangers have no credential that is worth anything; in a block of
// insiders they have accounts, a client and the admin token, and use them against everybody else. Every answer is
// held to the contract and to what the request deserves, the log is read as it is written, and after each block
// the rows of the database must differ from those before it by what the answers admit, and by nothing else.
//
// It knows the wire, the contract and the rows, as an operator could see them. It must never know how authd
// comes to an answer.
package main
