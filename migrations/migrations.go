// Package migrations holds the schema, once per dialect, as goose files that travel in the binary.
//
// The two folders have the same numbers and names, and the tables and columns that result are the
// same. The package knows no Go code of its own: stores apply it.
package migrations

import "embed"

// Postgres is the schema in PostgreSQL's dialect, under the folder postgres.
//
//go:embed postgres/*.sql
var Postgres embed.FS

// SQLite is the schema in SQLite's dialect, under the folder sqlite.
//
//go:embed sqlite/*.sql
var SQLite embed.FS
