//go:build unix

package main

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver
)

const (
	listSQLite = `
select name
  from sqlite_master
 where type = 'table'
   and name not like 'sqlite\_%' escape '\'`
	listPostgres = `
select table_name
  from information_schema.tables
 where table_schema = current_schema()
   and table_type = 'BASE TABLE'`
)

type sqliteFile struct{ db *sql.DB }

func openSQLite(file string) (*sqliteFile, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro&_pragma=busy_timeout(20000)")
	return &sqliteFile{db}, err
}

func (s *sqliteFile) close() { _ = s.db.Close() }

func (s *sqliteFile) tables(ctx context.Context) (names []string, err error) {
	list, err := s.db.QueryContext(ctx, listSQLite)
	if err != nil {
		return nil, err
	}
	defer list.Close()
	for list.Next() {
		var name string
		if err := list.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, list.Err()
}

func (s *sqliteFile) scan(ctx context.Context, table string, each func([]string, []any)) error {
	list, err := s.db.QueryContext(ctx, `select * from "`+table+`"`)
	if err != nil {
		return err
	}
	defer list.Close()
	columns, err := list.Columns()
	if err != nil {
		return err
	}
	for list.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := list.Scan(into...); err != nil {
			return err
		}
		each(columns, values)
	}
	return list.Err()
}

type postgres struct{ conn *pgx.Conn }

func openPostgres(ctx context.Context, url string) (*postgres, error) {
	conn, err := pgx.Connect(ctx, url)
	return &postgres{conn}, err
}

func (p *postgres) close() { _ = p.conn.Close(context.Background()) }

func (p *postgres) tables(ctx context.Context) ([]string, error) {
	list, err := p.conn.Query(ctx, listPostgres)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(list, pgx.RowTo[string])
}

func (p *postgres) scan(ctx context.Context, table string, each func([]string, []any)) error {
	list, err := p.conn.Query(ctx, "select * from "+pgx.Identifier{table}.Sanitize())
	if err != nil {
		return err
	}
	defer list.Close()
	for list.Next() {
		var columns []string
		for _, f := range list.FieldDescriptions() {
			columns = append(columns, f.Name)
		}
		values, err := list.Values()
		if err != nil {
			return err
		}
		each(columns, values)
	}
	return list.Err()
}
