//go:build linux

// Bench measures authd as it ships, with everything switched on, against yardsticks of the same minute and
// the same machine. It builds the program, starts a PostgreSQL of its own that flushes each commit, lets
// clients ask as fast as they get answers, and takes turns: every load and every yardstick once in each
// round, so that a machine which is busy is busy for all. What counts are the ratios.
//
//	make bench         some three minutes
//	make bench-long    some fifty minutes: five and more for a load and its yardstick, a million sessions,
//	                   checkpoints, vacuum
//
// It writes docs/performance.json, docs/performance.md and the plots beside them.
//
// It knows the wire, the rows of sessions (to fill tables with more of them than there is time to sign in) and
// what /proc says of processes. It calls authd's packages where rows are made without a login (seeds.go), and
// where the store is measured without the service around it (stored.go), with the calls that the service makes.
// Beyond that it must never know how authd comes to an answer: what is measured is what ships.
package main
