package postgres

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

var (
	_ tokens.Store        = (*Store)(nil)
	_ tokens.KeyringStore = (*Store)(nil)
	_ accounts.Store      = (*Store)(nil)
	_ revocation.Store    = (*Store)(nil)
	_ audit.Store         = (*Store)(nil)
)

// Config says which database, and how patient to be with it.
type Config struct {
	// URL names the database, as postgres://user:password@host/database?settings or in the keyword
	// form. The settings of libpq and of pgxpool (pool_max_conns, …) are obeyed. Unless the URL says
	// otherwise, only a server that takes writes will do (target_session_attrs=read-write), and
	// connecting to each host may take 2 s (connect_timeout). Behind a pooler that does not keep
	// prepared statements add default_query_exec_mode=exec. Required.
	URL string

	// MaxConns is the most connections that are open at once. Zero: pool_max_conns of the URL, or
	// else two for each core, at least 4, and 2 more. Of three or more, two are the lanes' alone.
	MaxConns int32

	// LockTimeout is how long a write waits for a row that another transaction holds. It should
	// exceed the server's deadlock_timeout (1 s). Zero: 2 s. A rotation waits for at most 250 ms.
	LockTimeout time.Duration

	// StatementTimeout is how long the server works on one statement of a write, and how long it
	// keeps a transaction whose next message does not come. Zero: 4 s.
	StatementTimeout time.Duration

	// CallTimeout is how long a call may take in all. After it the connection is given up and the
	// outcome of a write is unknown, so it should exceed the others. Zero: 5 s.
	CallTimeout time.Duration

	// Failed hears of calls that failed for a reason that is not the caller's. Nil: nobody does.
	Failed func(doing string, err error)
}

const (
	defaultConnectTimeout   = 2 * time.Second
	defaultLockTimeout      = 2 * time.Second
	defaultStatementTimeout = 4 * time.Second
	defaultCallTimeout      = 5 * time.Second

	// rotationLockTimeout is how long a batch of rotations waits for the row of one of them, with all its
	// other members and whoever comes behind them. Those who change a session keep its row for as long as
	// two round trips and a commit take.
	rotationLockTimeout = 250 * time.Millisecond

	// poolPatience is how long a call waits for a connection when all are in use (G8).
	poolPatience = 500 * time.Millisecond
	// pingPatience is how long a connection that lay idle for more than a second may take to answer
	// before another one is made: a load balancer may have cut it in silence (G17).
	pingPatience = time.Second
)

// ofLanes are the connections that only the lanes use: that of rotations, and that of deaths. Everybody
// waits for a lane, and a lane for no more than the database: in the line behind calls that anybody can
// make at will, one user who lists his sessions in a loop would keep all others from refreshing.
const ofLanes = 2

// Store is connections to one database.
type Store struct {
	pool   *pgxpool.Pool
	lanes  *pgxpool.Pool // the same as pool if there are too few connections to keep some apart
	limits []any         // the arguments of setLimits
	hasty  []any         // those of a rotation
	config Config
}

// Open prepares a pool. It connects to nothing: a database that is down is not an error here, and a
// store that lost its database recovers by itself. The caller must Close.
func Open(ctx context.Context, c Config) (*Store, error) {
	pool, err := poolConfig(c)
	if err != nil {
		return nil, fmt.Errorf("the database URL: %w", err)
	}
	return newStore(ctx, c, pool)
}

// Close gives up all connections. It waits for those in use.
func (s *Store) Close() error {
	s.lanes.Close()
	s.pool.Close()
	return nil
}

func newStore(ctx context.Context, c Config, pool *pgxpool.Config) (*Store, error) {
	c.LockTimeout = orDefault(c.LockTimeout, defaultLockTimeout)
	c.StatementTimeout = orDefault(c.StatementTimeout, defaultStatementTimeout)
	c.CallTimeout = orDefault(c.CallTimeout, defaultCallTimeout)
	if c.Failed == nil {
		c.Failed = func(string, error) {}
	}
	s := &Store{
		limits: []any{milliseconds(c.LockTimeout), milliseconds(c.StatementTimeout)},
		hasty:  []any{milliseconds(min(c.LockTimeout, rotationLockTimeout)), milliseconds(c.StatementTimeout)},
		config: c,
	}
	lanes := apart(pool)
	var err error
	if s.pool, err = pgxpool.NewWithConfig(ctx, pool); err != nil {
		return nil, err
	}
	if s.lanes = s.pool; lanes != nil {
		if s.lanes, err = pgxpool.NewWithConfig(ctx, lanes); err != nil {
			s.pool.Close()
			return nil, err
		}
	}
	return s, nil
}

// apart takes the lanes' connections out of a pool, unless that would leave it with none.
func apart(pool *pgxpool.Config) (lanes *pgxpool.Config) {
	if pool.MaxConns <= ofLanes {
		return nil
	}
	lanes = pool.Copy()
	lanes.MaxConns = ofLanes
	pool.MaxConns -= ofLanes
	for _, p := range []*pgxpool.Config{pool, lanes} {
		p.MinConns, p.MinIdleConns = min(p.MinConns, p.MaxConns), min(p.MinIdleConns, p.MaxConns)
	}
	return lanes
}

// CheckURL says what is wrong with a database URL, without connecting and without repeating it.
func CheckURL(url string) error {
	_, err := poolConfig(Config{URL: url})
	return err
}

// poolConfig reads the URL and adds what it leaves open.
func poolConfig(c Config) (*pgxpool.Config, error) {
	pool, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		// The error would show the URL, and finding the password in a malformed one is guesswork.
		return nil, errors.New("malformed: want postgres://user:password@host/database, and only settings that exist")
	}
	conn := pool.ConnConfig
	if conn.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol {
		// It quotes values into the SQL text, which is how pgx came by its injections (G19).
		return nil, errors.New("asks for the simple protocol: use default_query_exec_mode=exec or cache_describe")
	}
	if !strings.Contains(c.URL, "target_session_attrs") {
		conn.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	conn.ConnectTimeout = orDefault(conn.ConnectTimeout, defaultConnectTimeout)
	conn.DialFunc = dialer(conn.ConnectTimeout).DialContext
	if conn.RuntimeParams["application_name"] == "" {
		conn.RuntimeParams["application_name"] = "authd"
	}
	if c.MaxConns > 0 {
		pool.MaxConns = c.MaxConns
	} else if !strings.Contains(c.URL, "pool_max_conns") {
		pool.MaxConns = int32(max(4, 2*runtime.NumCPU()) + 2)
	}
	pool.PingTimeout = orDefault(pool.PingTimeout, pingPatience)
	return pool, nil
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// milliseconds is a duration as a setting of PostgreSQL.
func milliseconds(d time.Duration) string { return strconv.FormatInt(max(1, d.Milliseconds()), 10) }
