//go:build unix

package main

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

func statement(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "sql STATEMENT")
	ctx := context.Background()
	db, err := pgx.Connect(ctx, ts.Getenv("AUTHD_DATABASE_URL"))
	ts.Check(err)
	defer db.Close(ctx)
	_, err = db.Exec(ctx, args[0])
	ts.Check(err)
}
