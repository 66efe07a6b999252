package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"github.com/authd/authd/internal/auth"
)

// link is one connection with the statements that were prepared on it. One goroutine uses it at a time.
//
// Contexts given to a link never end: see [Store.write]. The driver starts a goroutine for every
// statement whose context can end, which would cost more than a statement by primary key does.
type link struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt // :: text → statement, made at first use
	spoiled  bool                 // a transaction may still be open on it
}

func newLink(conn *sql.Conn) *link {
	return &link{conn: conn, prepared: make(map[string]*sql.Stmt)}
}

func (l *link) close() error {
	for _, statement := range l.prepared {
		_ = statement.Close() // the connection goes with it
	}
	return l.conn.Close()
}

func (l *link) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if statement, known := l.prepared[text]; known {
		return statement, nil
	}
	statement, err := l.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	l.prepared[text] = statement
	return statement, nil
}

// exec runs a statement and returns how many rows it wrote.
func (l *link) exec(ctx context.Context, text string, args ...any) (rows int64, err error) {
	statement, err := l.prepare(ctx, text)
	if err != nil {
		return 0, err
	}
	result, err := statement.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// transact runs do between begin and commit.
func (l *link) transact(ctx context.Context, begin string, do func(context.Context, *link) error) error {
	if _, err := l.exec(ctx, begin); err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed {
			// SQLite rolls back by itself when a disk is full, and then fails here. It is not worth
			// telling that apart from a rollback that did not happen.
			_, err := l.exec(ctx, "rollback")
			l.spoiled = err != nil
		}
	}()
	if err := do(ctx, l); err != nil {
		return err
	}
	if _, err := l.exec(ctx, "commit"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	return nil
}

// row is what a scan function reads from.
type row interface{ Scan(columns ...any) error }

// all returns every row of a query.
func all[T any](ctx context.Context, l *link, text string, scan func(row) (T, error), args ...any) ([]T, error) {
	var found []T
	err := each(ctx, l, text, func(r row) error {
		item, err := scan(r)
		found = append(found, item)
		return err
	}, args...)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// each hands every row of a query to scan.
func each(ctx context.Context, l *link, text string, scan func(row) error, args ...any) (err error) {
	statement, err := l.prepare(ctx, text)
	if err != nil {
		return err
	}
	rows, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one returns the only row of a query, or sql.ErrNoRows.
func one[T any](ctx context.Context, l *link, text string, scan func(row) (T, error), args ...any) (T, error) {
	found, err := all(ctx, l, text, scan, args...)
	if err == nil && len(found) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		var none T
		return none, err
	}
	return found[0], nil
}

func scanInt(r row) (n int64, err error) {
	err = r.Scan(&n)
	return n, err
}

func scanText(r row) (text string, err error) {
	err = r.Scan(&text)
	return text, err
}

// pool lends links, each to one user at a time.
type pool struct {
	file  heldFile
	db    *sql.DB
	links chan *link // as many as there may be; nil: not opened yet. Closed with the pool
	once  sync.Once
}

func newPool(file heldFile, source string, size int) (*pool, error) {
	db, err := open(source)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	p := &pool{file: file, db: db, links: make(chan *link, size)}
	for range size {
		p.links <- nil
	}
	return p, nil
}

// errClosed is for who comes after Close: a shutdown, so the request may be sent again elsewhere.
var errClosed = errors.New("the database is closed")

// with lends a link to do. Errors come out as package auth's, with what was being done.
func (p *pool) with(ctx context.Context, doing string, do func(context.Context, *link) error) error {
	if err := ctx.Err(); err != nil { // select would toss a coin
		return fmt.Errorf("%s: %w", doing, mapped(err))
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", doing, mapped(ctx.Err()))
	case l, open := <-p.links:
		if !open {
			return fmt.Errorf("%s: %w", doing, auth.ErrUnavailable.Because(errClosed))
		}
		defer func() { p.links <- l.orNil() }()
		if err := p.use(context.WithoutCancel(ctx), &l, do); err != nil {
			return fmt.Errorf("%s: %w", doing, mapped(err))
		}
		return nil
	}
}

// idle says whether a link is free. By the time it is asked for it may be lent: then one waits for its turn.
func (p *pool) idle() bool { return len(p.links) > 0 }

func (p *pool) use(ctx context.Context, l **link, do func(context.Context, *link) error) error {
	if err := p.file.check(); err != nil {
		return err
	}
	if *l == nil {
		opened, err := p.open(ctx)
		if err != nil {
			return err
		}
		*l = opened
	}
	return do(ctx, *l)
}

// open makes a link, to the file that the others have.
func (p *pool) open(ctx context.Context) (*link, error) {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.file.check(); err != nil { // replaced since, so this may be the other one
		l := &link{conn: conn, spoiled: true}
		l.orNil()
		return nil, err
	}
	return newLink(conn), nil
}

// orNil is what goes back into the pool: a spoiled link makes room for a new one.
func (l *link) orNil() *link {
	if l == nil || !l.spoiled {
		return l
	}
	_ = l.conn.Raw(func(any) error { return driver.ErrBadConn }) // package sql closes it, instead of keeping it
	return nil
}

// close waits until every link is back.
func (p *pool) close() (err error) {
	p.once.Do(func() {
		for range cap(p.links) {
			if l := <-p.links; l != nil {
				err = errors.Join(err, l.close())
			}
		}
		close(p.links)
		err = errors.Join(err, p.db.Close())
	})
	return err
}
