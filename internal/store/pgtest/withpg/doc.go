//go:build unix

// Command withpg runs another command with TEST_DATABASE_URL set to a throw-away PostgreSQL, so that
// all test binaries of one run share one cluster:
//
//	go run ./internal/store/pgtest/withpg go test ./...
//
// It ends with the command's exit code. If TEST_DATABASE_URL is set already, that is what is used.
package main
