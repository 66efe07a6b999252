//go:build linux

package main

import (
	"context"
	"time"
)

// accounts are what was used since somebody began: CPU time by each of the three who share the machine, bytes that
// PostgreSQL logged ahead, and transactions that it ended. Whatever authd asks of PostgreSQL is one transaction and
// one network message.
type accounts struct {
	service, postgres, generator time.Duration
	wal, transactions            int64
	backends                     map[int]time.Duration // PostgreSQL's, by their processes
}

func (w *world) accounts(ctx context.Context, service *instance) (a accounts, err error) {
	if service != nil {
		if a.service, err = spent(service.pid()); err != nil {
			return a, err
		}
	}
	// What a backend counted it tells when it falls idle, at most a second later, or when it next ends a transaction.
	err = w.pool.QueryRow(ctx, `
select (pg_current_wal_lsn() - '0/0')::bigint, (select xact_commit + xact_rollback from pg_stat_database where datname = current_database())`,
	).Scan(&a.wal, &a.transactions)
	if err != nil {
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
	used := accounts{
		service: a.service - b.service, generator: a.generator - b.generator,
		wal: a.wal - b.wal, transactions: a.transactions - b.transactions,
	}
	for pid, cpu := range a.backends {
		used.postgres += cpu - b.backends[pid]
	}
	return used
}
