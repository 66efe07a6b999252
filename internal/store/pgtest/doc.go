//go:build unix

// Package pgtest lends real PostgreSQL to tests, on a machine where nobody has set one up. Tests
// import it, and the command withpg beside it; nothing that ships does.
//
// [New] gives a test an empty schema of its own. All tests of a process share one throw-away cluster,
// started when the first of them asks; [NewServer] starts one that a fault test may stop and kill.
//
// PostgreSQL is looked for in this order: TEST_DATABASE_URL; initdb and postgres on PATH; the usual
// places, the newest version first; and, as root on Debian, the system's package, which is installed
// with the lines printed. Without any of them a test fails and says so. It is never skipped: a suite
// that passes because half of it did not run is worse than one that fails.
//
// A cluster lives in a temporary folder and ends with its process, however that ends. It knows
// processes and folders; it must never know authd's tables, which are for the tests to migrate.
package pgtest
