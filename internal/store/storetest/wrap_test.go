package storetest

import (
	"context"
	"database/sql"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// broken is a store whose methods can be replaced one by one. What is not replaced works.
type broken struct {
	Store         // the one that works
	raw   *sql.DB // its file, for what no method can do
	tb    testing.TB
	looks *atomic.Int64 // how often the feed was read

	second bool // the other handle

	loadSessions    func(context.Context, []auth.SessionID) ([]tokens.Loaded, time.Time, error)
	rotate          func(context.Context, []tokens.Rotation) ([]auth.SessionID, error)
	end             func(context.Context, []tokens.Death, uint64) ([]tokens.Ended, error)
	loadUser        func(context.Context, auth.UserID) (tokens.User, []tokens.Session, time.Time, bool, error)
	changeUser      func(context.Context, tokens.UserChange, uint64) (bool, error)
	addKills        func(context.Context, []revocation.Kill, uint64) error
	kills           func(context.Context, []revocation.Key) ([]revocation.Entry, time.Time, error)
	follow          func(context.Context, int64, int) (revocation.Reading, error)
	vouchFor        func(context.Context, time.Time) error
	collectKills    func(context.Context, time.Time, int64, int) (int, error)
	collect         func(context.Context, time.Time, int) (int, error)
	clock           func(context.Context) (time.Time, error)
	loadKeyring     func(context.Context) (tokens.KeyringRows, error)
	changeKeyring   func(context.Context, tokens.KeyringChange, uint64) (bool, error)
	restore         func(context.Context, tokens.Restoration, uint64) (tokens.Restored, bool, error)
	oldestSession   func(context.Context) (time.Time, bool, error)
	raiseHead       func(context.Context, string, time.Duration, time.Duration) (revocation.Head, error)
	createUser      func(context.Context, accounts.User, string) (time.Time, error)
	credentials     func(context.Context, string) (accounts.Credentials, int, bool, error)
	credentialsByID func(context.Context, auth.UserID) (accounts.Credentials, int, bool, error)
	resetByID       func(context.Context, tokens.ResetID) (accounts.Reset, time.Time, bool, error)
	userByID        func(context.Context, auth.UserID) (accounts.User, bool, error)
	userByName      func(context.Context, string) (accounts.User, bool, error)
	users           func(context.Context, string, int) ([]accounts.User, error)
	raiseCost       func(context.Context, int) error
	passwordHashes  func(context.Context, auth.UserID, int) ([]string, auth.UserID, error)

	present          func(context.Context, []accounts.Wanted) (accounts.Present, error)
	addUsers         func(context.Context, []accounts.Credentials, []audit.Record) error
	credentialsAfter func(context.Context, string, int) ([]accounts.Credentials, error)

	createClient func(context.Context, accounts.ClientCredentials) (time.Time, error)
	clientByID   func(context.Context, auth.ClientID) (accounts.ClientCredentials, time.Time, bool, error)
	clients      func(context.Context, auth.ClientID, int) ([]accounts.Client, error)
	raiseClient  func(context.Context, auth.ClientID, uint64) (bool, error)
	deleteClient func(context.Context, auth.ClientID, uint64) (bool, error)

	counters        func(context.Context, []accounts.CounterKey, auth.UserID, netip.Prefix) ([]accounts.Counter, time.Time, time.Time, error)
	swapCounters    func(context.Context, []accounts.Counter) ([]bool, error)
	clearCounters   func(context.Context, [16]byte) (int, error)
	collectCounters func(context.Context, time.Time, int) (int, error)

	addRecords     func(context.Context, []audit.Record) error
	records        func(context.Context, audit.Query) ([]audit.Record, error)
	collectRecords func(context.Context, time.Time, int) (int, error)
}

func wrap(tb testing.TB, s Store, raw *sql.DB, looks *atomic.Int64) *broken {
	return &broken{
		Store: s, raw: raw, tb: tb, looks: looks,
		loadSessions: s.LoadSessions, rotate: s.Rotate, end: s.End, loadUser: s.LoadUser, changeUser: s.ChangeUser,
		addKills: s.AddKills, kills: s.Kills, follow: s.Follow, vouchFor: s.Vouch, collectKills: s.CollectKills, collect: s.CollectSessions, clock: s.Clock,
		loadKeyring: s.LoadKeyring, changeKeyring: s.ChangeKeyring, restore: s.Restore, oldestSession: s.OldestSession, raiseHead: s.RaiseHead,
		createUser: s.CreateUser, credentials: s.CredentialsByName, userByID: s.UserByID, userByName: s.UserByName,
		credentialsByID: s.CredentialsByID, resetByID: s.ResetByID, users: s.Users, raiseCost: s.RaiseGreatestCost, passwordHashes: s.PasswordHashes,
		present: s.Present, addUsers: s.AddUsers, credentialsAfter: s.CredentialsAfter,
		createClient: s.CreateClient, clientByID: s.ClientByID, clients: s.Clients, raiseClient: s.RaiseClient, deleteClient: s.DeleteClient,
		counters: s.Counters, swapCounters: s.SwapCounters, clearCounters: s.ClearCounters, collectCounters: s.CollectCounters,
		addRecords: s.AddRecords, records: s.Records, collectRecords: s.CollectRecords,
	}
}

func (b *broken) LoadSessions(ctx context.Context, ids []auth.SessionID) ([]tokens.Loaded, time.Time, error) {
	return b.loadSessions(ctx, ids)
}

func (b *broken) Rotate(ctx context.Context, r []tokens.Rotation) ([]auth.SessionID, error) {
	return b.rotate(ctx, r)
}

func (b *broken) End(ctx context.Context, d []tokens.Death, mark uint64) ([]tokens.Ended, error) {
	return b.end(ctx, d, mark)
}

func (b *broken) LoadUser(ctx context.Context, id auth.UserID) (tokens.User, []tokens.Session, time.Time, bool, error) {
	return b.loadUser(ctx, id)
}

func (b *broken) ChangeUser(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
	return b.changeUser(ctx, c, mark)
}

func (b *broken) AddKills(ctx context.Context, kills []revocation.Kill, mark uint64) error {
	return b.addKills(ctx, kills, mark)
}

func (b *broken) Kills(ctx context.Context, keys []revocation.Key) ([]revocation.Entry, time.Time, error) {
	return b.kills(ctx, keys)
}

func (b *broken) Follow(ctx context.Context, after int64, limit int) (revocation.Reading, error) {
	return b.follow(ctx, after, limit)
}

func (b *broken) Vouch(ctx context.Context, seen time.Time) error { return b.vouchFor(ctx, seen) }

func (b *broken) CollectKills(ctx context.Context, before time.Time, keep int64, limit int) (int, error) {
	return b.collectKills(ctx, before, keep, limit)
}

func (b *broken) CollectSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	return b.collect(ctx, before, limit)
}

func (b *broken) Clock(ctx context.Context) (time.Time, error) { return b.clock(ctx) }

func (b *broken) LoadKeyring(ctx context.Context) (tokens.KeyringRows, error) {
	return b.loadKeyring(ctx)
}

func (b *broken) ChangeKeyring(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
	return b.changeKeyring(ctx, c, mark)
}

func (b *broken) Restore(ctx context.Context, r tokens.Restoration, mark uint64) (tokens.Restored, bool, error) {
	return b.restore(ctx, r, mark)
}

func (b *broken) OldestSession(ctx context.Context) (time.Time, bool, error) {
	return b.oldestSession(ctx)
}

func (b *broken) RaiseHead(ctx context.Context, id string, ttl, age time.Duration) (revocation.Head, error) {
	return b.raiseHead(ctx, id, ttl, age)
}

func (b *broken) CreateUser(ctx context.Context, u accounts.User, hash string) (time.Time, error) {
	return b.createUser(ctx, u, hash)
}

func (b *broken) CredentialsByName(ctx context.Context, name string) (accounts.Credentials, int, bool, error) {
	return b.credentials(ctx, name)
}

func (b *broken) CredentialsByID(ctx context.Context, id auth.UserID) (accounts.Credentials, int, bool, error) {
	return b.credentialsByID(ctx, id)
}

func (b *broken) ResetByID(ctx context.Context, id tokens.ResetID) (accounts.Reset, time.Time, bool, error) {
	return b.resetByID(ctx, id)
}

func (b *broken) UserByID(ctx context.Context, id auth.UserID) (accounts.User, bool, error) {
	return b.userByID(ctx, id)
}

func (b *broken) UserByName(ctx context.Context, name string) (accounts.User, bool, error) {
	return b.userByName(ctx, name)
}

func (b *broken) Users(ctx context.Context, after string, limit int) ([]accounts.User, error) {
	return b.users(ctx, after, limit)
}

func (b *broken) PasswordHashes(ctx context.Context, after auth.UserID, limit int) ([]string, auth.UserID, error) {
	return b.passwordHashes(ctx, after, limit)
}

func (b *broken) Present(ctx context.Context, wanted []accounts.Wanted) (accounts.Present, error) {
	return b.present(ctx, wanted)
}

func (b *broken) AddUsers(ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
	return b.addUsers(ctx, users, told)
}

func (b *broken) CredentialsAfter(ctx context.Context, after string, limit int) ([]accounts.Credentials, error) {
	return b.credentialsAfter(ctx, after, limit)
}

func (b *broken) RaiseGreatestCost(ctx context.Context, cost int) error {
	return b.raiseCost(ctx, cost)
}

func (b *broken) CreateClient(ctx context.Context, c accounts.ClientCredentials) (time.Time, error) {
	return b.createClient(ctx, c)
}

func (b *broken) ClientByID(ctx context.Context, id auth.ClientID) (accounts.ClientCredentials, time.Time, bool, error) {
	return b.clientByID(ctx, id)
}

func (b *broken) Clients(ctx context.Context, after auth.ClientID, limit int) ([]accounts.Client, error) {
	return b.clients(ctx, after, limit)
}

func (b *broken) RaiseClient(ctx context.Context, id auth.ClientID, mark uint64) (bool, error) {
	return b.raiseClient(ctx, id, mark)
}

func (b *broken) DeleteClient(ctx context.Context, id auth.ClientID, mark uint64) (bool, error) {
	return b.deleteClient(ctx, id, mark)
}

func (b *broken) Counters(ctx context.Context, keys []accounts.CounterKey, user auth.UserID, network netip.Prefix) ([]accounts.Counter, time.Time, time.Time, error) {
	return b.counters(ctx, keys, user, network)
}

func (b *broken) SwapCounters(ctx context.Context, counters []accounts.Counter) ([]bool, error) {
	return b.swapCounters(ctx, counters)
}

func (b *broken) ClearCounters(ctx context.Context, account [16]byte) (int, error) {
	return b.clearCounters(ctx, account)
}

func (b *broken) CollectCounters(ctx context.Context, before time.Time, limit int) (int, error) {
	return b.collectCounters(ctx, before, limit)
}

func (b *broken) AddRecords(ctx context.Context, r []audit.Record) error { return b.addRecords(ctx, r) }

func (b *broken) Records(ctx context.Context, q audit.Query) ([]audit.Record, error) {
	return b.records(ctx, q)
}

func (b *broken) CollectRecords(ctx context.Context, before time.Time, limit int) (int, error) {
	return b.collectRecords(ctx, before, limit)
}

// sql does what no store would, in one transaction.
func (b *broken) sql(text string, args ...any) {
	b.tb.Helper()
	conn, err := b.raw.Conn(context.Background())
	if err != nil {
		b.tb.Errorf("a defect's own connection: %v", err)
		return
	}
	defer conn.Close()
	if _, err := conn.ExecContext(context.Background(), "begin immediate"); err != nil {
		b.tb.Errorf("a defect's own transaction: %v", err)
		return
	}
	end := "commit"
	if _, err := conn.ExecContext(context.Background(), text, args...); err != nil {
		b.tb.Errorf("a defect's own statement: %v", err)
		end = "rollback"
	}
	if _, err := conn.ExecContext(context.Background(), end); err != nil {
		b.tb.Errorf("a defect's own %s: %v", end, err)
	}
}

// ids runs a query for ids.
func (b *broken) ids(text string, args ...any) []auth.SessionID {
	b.tb.Helper()
	rows, err := b.raw.Query(text, args...)
	if err != nil {
		b.tb.Errorf("a defect's own query: %v", err)
		return nil
	}
	defer rows.Close()
	var found []auth.SessionID
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			b.tb.Errorf("a defect's own query: %v", err)
			return nil
		}
		found = append(found, auth.SessionID(id))
	}
	return found
}

// meanwhile waits, if it matters, until somebody else has written to the feed, or plainly does not.
func (b *broken) meanwhile(matters bool) {
	seq := func() (n int64) {
		if err := b.raw.QueryRow(`select seq from feed_head`).Scan(&n); err != nil {
			b.tb.Errorf("a defect's own query: %v", err)
		}
		return n
	}
	for before, began := seq(), time.Now(); matters && seq() == before && time.Since(began) < time.Second; {
		runtime.Gosched()
	}
}

// readFeed is a follower of the file.
func readFeed(ctx context.Context, raw *sql.DB, after int64) (entries []revocation.Entry, head revocation.Head, err error) {
	tx, err := raw.BeginTx(ctx, nil)
	if err != nil {
		return nil, head, err
	}
	defer tx.Rollback()
	var mark, ttl, age, asOf int64
	err = tx.QueryRowContext(ctx, `select feed_id, seq, mark, max_ttl, as_of, keyring_version, jwks_max_age from feed_head`).
		Scan(&head.FeedID, &head.Seq, &mark, &ttl, &asOf, &head.KeyringVersion, &age)
	if err != nil {
		return nil, head, err
	}
	head.Mark, head.AsOf = uint64(mark), time.UnixMicro(asOf).UTC()
	head.MaxTTL, head.JWKSMaxAge = time.Duration(ttl)*time.Second, time.Duration(age)*time.Second
	rows, err := tx.QueryContext(ctx, `select seq, kind, subject, value, until, mark from kills where seq > ? order by seq`, after)
	if err != nil {
		return nil, head, err
	}
	defer rows.Close()
	for rows.Next() {
		var e revocation.Entry
		var subject []byte
		var until, mark int64
		if err := rows.Scan(&e.Seq, &e.Kind, &subject, &e.Value, &until, &mark); err != nil {
			return nil, head, err
		}
		e.Subject, e.Until, e.Mark = revocation.Subject(subject), time.UnixMicro(until).UTC(), uint64(mark)
		entries = append(entries, e)
	}
	return entries, head, rows.Err()
}
