package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authd/authd/internal/auth"
)

// setLimits opens every write, and every reading that comes with the clock. Its settings end with the
// transaction. The clock is not now(), which stands still from the beginning of a transaction.
//
// The last five settle the plan, whatever the statistics say. It is made once, because planning is most
// of what a small batch costs, and kept: so it must not be one that suits an empty table and is still in
// use when the table is full. And it goes through the arrays of a batch in their order, looking each
// element up by an index, because the order of locks rests on that. Joins say "= any(array[…])" for the
// same reason: a plain equality lets the planner walk through a whole index, which it prefers while a
// table is small.
const setLimits = `
select clock_timestamp(),
       set_config('lock_timeout', $1::text, true),
       set_config('statement_timeout', $2::text, true),
       set_config('idle_in_transaction_session_timeout', $2::text, true),
       set_config('plan_cache_mode', 'force_generic_plan', true),
       set_config('enable_seqscan', 'off', true),
       set_config('enable_bitmapscan', 'off', true),
       set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true)`

const (
	begin    = `begin`
	commit   = `commit`
	rollback = `rollback`
)

// newMessage begins a message, which is one transaction without saying so: PostgreSQL commits it at the
// Sync that ends it, or rolls all of it back. Its statements follow.
func (s *Store) newMessage() *pgx.Batch { return newMessage(s.limits) }

func newMessage(limits []any) *pgx.Batch {
	b := &pgx.Batch{}
	b.Queue(setLimits, limits...)
	return b
}

// newReading begins a message that reads the store's clock, too.
func (s *Store) newReading(clock *time.Time) *pgx.Batch {
	b := &pgx.Batch{}
	b.Queue(setLimits, s.limits...).QueryRow(func(row pgx.Row) error {
		return row.Scan((*instant)(clock), nil, nil, nil, nil, nil, nil, nil, nil)
	})
	return b
}

// send sends one message and reads its answers.
func (s *Store) send(ctx context.Context, doing string, b *pgx.Batch) error {
	return s.hold(ctx, s.pool, doing, sending(b))
}

// sendInLane is send for what a lane waits for.
func (s *Store) sendInLane(ctx context.Context, doing string, b *pgx.Batch) error {
	return s.hold(ctx, s.lanes, doing, sending(b))
}

func sending(b *pgx.Batch) func(context.Context, *pgx.Conn) error {
	return func(ctx context.Context, conn *pgx.Conn) error { return conn.SendBatch(ctx, b).Close() }
}

// transact sends a first message inside a transaction, and then what decide, which has seen its
// answers, returns: the message that ends the transaction, commit included, or nil to roll back.
// Whatever is written under the feed's head belongs into the last message: a client that stops between
// the two must not hold the head.
func (s *Store) transact(ctx context.Context, doing string, first *pgx.Batch, decide func() *pgx.Batch) (committed bool, err error) {
	err = s.hold(ctx, s.pool, doing, func(ctx context.Context, conn *pgx.Conn) error {
		defer s.rollBack(ctx, conn)
		if err := conn.SendBatch(ctx, first).Close(); err != nil {
			return err
		}
		last := decide()
		if last == nil {
			return nil
		}
		if err := conn.SendBatch(ctx, last).Close(); err != nil {
			return err
		}
		committed = true
		return nil
	})
	return committed, err
}

// newTransaction is the first message of transact.
func (s *Store) newTransaction() *pgx.Batch {
	b := &pgx.Batch{}
	b.Queue(begin)
	b.Queue(setLimits, s.limits...)
	return b
}

// queueCommit ends a transaction. PostgreSQL answers the commit of a failed one with ROLLBACK.
func queueCommit(b *pgx.Batch) {
	b.Queue(commit).Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" {
			return errors.New("the commit was answered with " + tag.String())
		}
		return nil
	})
}

// rollBack ends a transaction that is still open, also after its context has ended. Should that fail,
// the pool drops the connection, and the server rolls back by itself.
func (s *Store) rollBack(ctx context.Context, conn *pgx.Conn) {
	if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingPatience)
	defer cancel()
	_, _ = conn.Exec(ctx, rollback)
}

// hold lends a connection of a pool to use, and sorts the error that comes of it.
func (s *Store) hold(ctx context.Context, of *pgxpool.Pool, doing string, use func(context.Context, *pgx.Conn) error) error {
	err := s.lend(ctx, of, doing, use)
	kind := auth.KindOf(err)
	if err != nil && (kind == auth.Unavailable || kind == auth.Internal) && ctx.Err() == nil {
		s.config.Failed(doing, err)
	}
	return err
}

func (s *Store) lend(ctx context.Context, of *pgxpool.Pool, doing string, use func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.CallTimeout)
	defer cancel()

	conn, err := acquire(ctx, of)
	if err != nil {
		return unavailable(doing, err)
	}
	defer conn.Release()

	err = use(ctx, conn.Conn())
	if err == nil {
		return nil
	}
	if isElsewhere(err) {
		s.pool.Reset() // every connection leads to the server that no longer takes writes
		s.lanes.Reset()
		return unavailable(doing, err)
	}
	if conn.Conn().IsClosed() {
		return unavailable(doing, err)
	}
	return failed(doing, err)
}

// acquire waits for a connection that is being made as long as ctx lasts, and not for long for one that
// others use: behind a slow database they would all wait in line.
func acquire(ctx context.Context, of *pgxpool.Pool) (*pgxpool.Conn, error) {
	if stat := of.Stat(); stat.AcquiredConns() >= stat.MaxConns() {
		waiting, cancel := context.WithTimeout(ctx, poolPatience)
		defer cancel()
		ctx = waiting
	}
	return of.Acquire(ctx)
}
