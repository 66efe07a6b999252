//go:build linux

package main

import (
	"context"
	"time"
)

// accounts are what was used since somebody began: CPU time by each of the three who share the machine, and bytes that
// PostgreSQL logged ahead.
type accounts struct {
	service, postgres, generator time.Duration
	wal                          int64
	backends                     map[int]time.Duration // PostgreSQL's, by their processes
}

func (w *world) accounts(ctx context.Context, service *instance) (a accounts, err error) {
	if service != nil {
		if a.service, err = spent(service.pid()); err != nil {
			return a, err
		}
	}
	if err := w.pool.QueryRow(ctx, `select (pg_current_wal_lsn() - '0/0')::bigint`).Scan(&a.wal); err != nil {
		return a, err
	}
	postmaster, err := w.postmaster()
	if err != nil {
		return a, err
	}
	if a.backends, err = children(postmaster); err != nil {
		return a, err
	}
	a.generator, err = own()
	return a, err
}

// since is what was used between the two looks. A backend that ended meanwhile took its account along.
func (a accounts) since(b accounts) accounts {
	used := accounts{service: a.service - b.service, generator: a.generator - b.generator, wal: a.wal - b.wal}
	for pid, cpu := range a.backends {
		used.postgres += cpu - b.backends[pid]
	}
	return used
}
