//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authd/authd/internal/store/pgtest"
)

const (
	issuer   = "http://authd.test"
	password = "a cup of tea at four"
	cost     = 10 // of a password: the less bcrypt takes, the more everything else shows
)

// world is the built program, and a PostgreSQL that flushes as in production.
type world struct {
	folder    string
	program   string
	master    []byte // the key that seals what is secret in all stores of this world
	database  *pgtest.Server
	pool      *pgxpool.Pool // of the yardsticks, and of whoever looks
	instances []*instance
	launched  int // instances, those that have ended included
}

func newWorld(ctx context.Context) (w *world, err error) {
	w = &world{master: make([]byte, 32)}
	_, _ = rand.Read(w.master) // documented never to fail
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.folder, err = os.MkdirTemp("", "authd-bench-*"); err != nil {
		return w, err
	}
	if w.program, err = build(ctx, w.folder); err != nil {
		return w, err
	}
	// The defaults of initdb, but for a cache that holds the tables, and for what pgtest needs: the page names all.
	if w.database, err = pgtest.Launch(pgtest.Config{Fsync: true, Settings: []string{"shared_buffers=256MB"}}); err != nil {
		return w, err
	}
	w.pool, err = openPool(ctx, w.database.URL())
	return w, err
}

// openPool has 16 connections, as many as a service of other make would open.
func openPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 16
	return pgxpool.NewWithConfig(ctx, config)
}

// schema makes a place for one store, and returns its URL.
func (w *world) schema(ctx context.Context, name string) (string, error) {
	if _, err := w.pool.Exec(ctx, "create schema "+name); err != nil {
		return "", err
	}
	u, err := url.Parse(w.database.URL())
	if err != nil {
		return "", err
	}
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// onPostgres and onSQLite are what an authd is told of its store.
func onPostgres(url string) []string { return []string{"AUTHD_DATABASE_URL=" + url} }

func onSQLite(folder string) []string { return []string{"AUTHD_DATA_DIR=" + folder} }

// command is a call of authd: with its defaults, but for its store, a cheap password and more failures from one
// address than anybody should be allowed.
func (w *world) command(settings []string, args ...string) *exec.Cmd {
	cmd := exec.Command(w.program, args...)
	cmd.Dir = w.folder
	cmd.Env = slices.Concat([]string{
		"PATH=" + os.Getenv("PATH"), "AUTHD_ISSUER=" + issuer, "AUTHD_ADDR=127.0.0.1:0", "AUTHD_AUTO_MIGRATE=true",
		"AUTHD_MASTER_KEY=" + base64.StdEncoding.EncodeToString(w.master),
		"AUTHD_BCRYPT_COST=" + strconv.Itoa(cost), "AUTHD_THROTTLE_SOURCE=0",
	}, settings)
	return cmd
}

// serve starts an authd.
func (w *world) serve(ctx context.Context, settings ...string) (*instance, error) {
	return w.launch(ctx, w.command(settings, "serve"))
}

// launch starts an instance that ends with the world at the latest.
func (w *world) launch(ctx context.Context, cmd *exec.Cmd) (*instance, error) {
	w.launched++
	i, err := launch(ctx, cmd, filepath.Join(w.folder, fmt.Sprintf("%d.log", w.launched)))
	if err == nil {
		w.instances = append(w.instances, i)
	}
	return i, err
}

// end stops an instance.
func (w *world) end(i *instance) error {
	w.instances = slices.DeleteFunc(w.instances, func(other *instance) bool { return other == i })
	return i.stop()
}

// postmaster is the process whose children do PostgreSQL's work.
func (w *world) postmaster() (pid int, err error) {
	text, err := os.ReadFile(filepath.Join(w.database.Folder(), "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(first)
}

func (w *world) close() (err error) {
	for _, i := range w.instances {
		err = errors.Join(err, i.stop())
	}
	if w.pool != nil {
		w.pool.Close()
	}
	if w.database != nil {
		err = errors.Join(err, w.database.Close())
	}
	if err != nil {
		err = fmt.Errorf("clear up: %w", err)
	}
	return errors.Join(err, os.RemoveAll(w.folder))
}
