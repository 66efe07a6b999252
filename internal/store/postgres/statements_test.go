//go:build unix

package postgres

import (
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/pgtest"
	"github.com/authd/authd/internal/tokens"
)

var verb = regexp.MustCompile(`^\s*(select|insert|update|delete|with|begin|commit|rollback)\b`)

// statements finds the package's constants that are SQL by reading its source: none is left out.
func statements(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	var parsed []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "dial_") {
			continue
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	// Imports are not resolved: string constants need none.
	config := types.Config{Importer: importer.ForCompiler(files, "none", nil), Error: func(error) {}}
	pkg, _ := config.Check("postgres", files, parsed, nil)
	found := make(map[string]string)
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if ok && c.Val().Kind() == constant.String && verb.MatchString(constant.StringVal(c.Val())) {
			found[name] = constant.StringVal(c.Val())
		}
	}
	if len(found) < 30 {
		t.Fatalf("found only %d statements: %v", len(found), slices.Sorted(maps.Keys(found)))
	}
	return found
}

func TestEveryStatementIsGoodSQLOnTheMigratedSchema(t *testing.T) {
	t.Parallel()
	s := migrated(t, pgtest.New(t))
	conn := acquired(t, s)
	for name, statement := range statements(t) {
		if _, err := conn.Prepare(t.Context(), name, statement); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What reads all of a small table on purpose.
var wholeTables = []string{"selectKeys", "selectSecrets", "selectVersion", "lockSchema", "raiseEpochs", "raiseClientEpochs", "endAllSessions", "deleteResets"}

// What is not opened by setLimits: look-ups of single rows, where the planner is free.
var freePlans = []string{"selectCredentials", "selectCredentialsByID", "selectGreatestCost", "selectUserByID", "selectUserByName", "selectUsers",
	"selectClients"}

// Plans are made once and kept, so one for an empty table must do for a full one.
func TestNoStatementReadsATableOrAnIndexFromEndToEnd(t *testing.T) {
	t.Parallel()
	s := migrated(t, pgtest.New(t))
	conn := acquired(t, s)
	for _, rows := range []int{0, 3, 5000} {
		if rows > 0 {
			fill(t, s, rows)
		}
		for name, statement := range statements(t) {
			if slices.Contains(wholeTables, name) || slices.Contains(freePlans, name) && rows < 5000 {
				continue
			}
			plan := s.plan(t, conn, name, statement)
			if strings.Contains(plan, "Seq Scan on ") || strings.Contains(plan, "Join Filter") {
				t.Errorf("with %d rows the plan of %s is\n%s", rows, name, plan)
			}
		}
	}
}

// The order of locks rests on these plans: the arrays outside, in their order, and the key inside.
func TestBatchesLockRowsInTheOrderOfTheirArraysWhateverTheStatistics(t *testing.T) {
	t.Parallel()
	s := migrated(t, pgtest.New(t))
	inOrder := regexp.MustCompile(`Update on sessions s\s+` +
		`-> +Nested Loop\s+` +
		`-> +Function Scan on \w+\s+` +
		`-> +Index Scan using sessions_pkey on sessions s\s+` +
		`Index Cond: \(session_id = ANY \(ARRAY\[\w+\.session_id\]\)\)`)
	conn := acquired(t, s)
	for _, rows := range []int{0, 3, 40, 5000} {
		if rows > 0 {
			fill(t, s, rows)
		}
		for name, statement := range map[string]string{
			"updateRotations": updateRotations, "endSessions": endSessions, "endSessionsWithKills": endSessionsWithKills,
		} {
			if plan := s.plan(t, conn, name, statement); !inOrder.MatchString(plan) {
				t.Errorf("with %d rows the plan of %s is\n%s", rows, name, plan)
			}
		}
	}
}

// Every filter of the audit has an index: what it chooses is found, in its order, and not looked for among
// all that ever happened.
func TestEveryFilterOfTheAuditIsServedByAnIndexInItsOrder(t *testing.T) {
	t.Parallel()
	s := migrated(t, pgtest.New(t))
	conn := acquired(t, s)
	for _, rows := range []int{0, 3, 5000} {
		if rows > 0 {
			fill(t, s, rows)
		}
		for name, served := range map[string]struct{ statement, index, first string }{
			"selectRecords":          {selectRecords, "audit_pkey", "event_id"},
			"selectRecordsOfName":    {selectRecordsOfName, "audit_name", "name"},
			"selectRecordsOfActor":   {selectRecordsOfActor, "audit_actor", "actor"},
			"selectRecordsOfAddress": {selectRecordsOfAddress, "audit_address", "address"},
			"selectRecordsOfUser":    {selectRecordsOfUser, "audit_user_id", "user_id"},
			"selectRecordsOfSession": {selectRecordsOfSession, "audit_session_id", "session_id"},
		} {
			want := regexp.MustCompile(`^Limit\s+-> +Index Scan Backward using ` + served.index + ` on audit a\s+Index Cond: \(+` + served.first + ` `)
			if plan := s.plan(t, conn, name, served.statement); !want.MatchString(plan) {
				t.Errorf("with %d rows the plan of %s is\n%s", rows, name, plan)
			}
		}
	}
}

// However many sessions of a user are kept, whether an address is known costs one entry of an index; and a
// counter is found, written and collected by one.
func TestCountersAndKnownAddressesAreFoundByTheirIndexes(t *testing.T) {
	t.Parallel()
	s := migrated(t, pgtest.New(t))
	conn := acquired(t, s)
	for _, rows := range []int{0, 3, 5000} {
		if rows > 0 {
			fill(t, s, rows)
		}
		for statement, want := range map[string]string{
			selectLastOpened: `^Limit\s+-> +Index( Only)? Scan Backward using sessions_login_net on sessions s\s+Index Cond: [^\n]+$`,
			selectCounters:   `Nested Loop\s+-> +Function Scan on k\s+-> +Index Scan using throttles_pkey`,
			swapCounters:     `Update on throttles t\s+-> +Nested Loop\s+-> +CTE Scan on wanted \w+\s+-> +Index Scan using throttles_pkey`,
			clearCounters:    `Index Scan using throttles_pkey`,
			deleteCounters:   `Index (Only )?Scan using throttles_counted_at`,
		} {
			if plan := s.plan(t, conn, "", statement); !regexp.MustCompile(want).MatchString(plan) || strings.Contains(plan, "Sort") {
				t.Errorf("with %d rows the plan of%s is\n%s", rows, statement, plan)
			}
		}
	}
}

// plan explains a statement as its messages run it: the generic plan, under the settings of setLimits
// unless it is one of freePlans.
func (s *Store) plan(t *testing.T, conn *pgx.Conn, name, statement string) string {
	t.Helper()
	if verb.FindStringSubmatch(statement)[1] == strings.TrimSpace(statement) {
		return "" // begin, commit, rollback
	}
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	settings := setLimits
	if slices.Contains(freePlans, name) {
		settings = `select set_config('plan_cache_mode', 'force_generic_plan', true) where $1::text <> $2::text`
	}
	if _, err := tx.Exec(t.Context(), settings, s.limits...); err != nil {
		t.Fatal(err)
	}
	prepared, err := tx.Prepare(t.Context(), "shape", statement)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer func() { _ = conn.Deallocate(t.Context(), "shape") }()
	call := "explain (costs off) execute planned"
	if n := len(prepared.ParamOIDs); n > 0 {
		call += "(" + strings.Repeat(", null", n)[2:] + ")"
	}
	if _, err := tx.Exec(t.Context(), "prepare planned as "+statement); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer func() { _, _ = conn.Exec(t.Context(), "deallocate planned") }()
	rows, err := tx.Query(t.Context(), call, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return strings.Join(lines, "\n")
}

// Indexes hold no column that a rotation writes, and pages have room: that is what keeps a session one
// row for life. It asks for a server without other readers, whose snapshots would keep old versions.
func TestRotationsStayOnTheirPage(t *testing.T) {
	t.Parallel()
	s := migrated(t, pgtest.NewServer(t, pgtest.Config{}).Schema(t))
	ids := fill(t, s, 500)
	var wasUpdated, wasHot int64
	for round := range int64(5) {
		var updated, hot int64
		b := s.newTransaction()
		queueRotations(b, rotationsOf(ids[:256], round+1))
		one := rotationOf(ids[256], round+1)
		queueRotation(b, &one)
		// The connection's own counters: those of the table arrive when they like.
		b.Queue(`select n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables where relid = 'sessions'::regclass`).
			QueryRow(func(row pgx.Row) error { return row.Scan(&updated, &hot) })
		queueCommit(b)
		if err := s.send(t.Context(), "rotate", b); err != nil {
			t.Fatal(err)
		}
		if updated-wasUpdated != 257 || hot-wasHot != 257 {
			t.Errorf("round %d: %d rows updated, of which %d stayed on their page, want 257 and 257",
				round, updated-wasUpdated, hot-wasHot)
		}
		wasUpdated, wasHot = updated, hot
	}
}

// A logout writes no column that an index holds either: what a login has to read of dead sessions is put
// away by the next login, and not by each logout.
func TestEndsStayOnTheirPage(t *testing.T) {
	t.Parallel()
	s := migrated(t, pgtest.NewServer(t, pgtest.Config{}).Schema(t))
	ids := fill(t, s, 500)
	var updated, hot int64
	var ended []int
	b := s.newTransaction()
	queueEnds(b, deathsOf(ids[:256]...), &ended)
	b.Queue(`select n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables where relid = 'sessions'::regclass`).
		QueryRow(func(row pgx.Row) error { return row.Scan(&updated, &hot) })
	queueCommit(b)
	if err := s.send(t.Context(), "end", b); err != nil {
		t.Fatal(err)
	}
	if len(ended) != 256 || updated != 256 || hot != 256 {
		t.Errorf("%d ended, %d rows updated, of which %d stayed on their page, want 256 of each", len(ended), updated, hot)
	}
}

// Who signs in and out all day makes no login slower than the first: the dead ones are read once.
func TestALoginReadsTheDeadOfTheLastOneOnly(t *testing.T) {
	t.Parallel()
	s := migrated(t, pgtest.New(t))
	ids := fill(t, s, 3000) // three of each user
	mine, _, err := s.LoadSessions(t.Context(), ids[:1])
	if err != nil {
		t.Fatal(err)
	}
	user := mine[0].User
	if _, err := s.RaiseHead(t.Context(), "feed", time.Minute, time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := s.End(t.Context(), deathsOf(ids[0]), 7); err != nil {
		t.Fatal(err)
	}
	unread := func() (n int) {
		t.Helper()
		err := s.pool.QueryRow(t.Context(), `select count(*) from sessions where user_id = $1 and shelved = 0`, uuid(user)).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := unread(); got != 3 {
		t.Fatalf("a login reads %d sessions, want the two that live and the one that was ended", got)
	}
	opened := mine[0].Session
	opened.ID = auth.SessionID{1}
	applied, err := s.ChangeUser(t.Context(), tokens.UserChange{User: user, Version: 1, Open: &opened}, 7)
	if err != nil || !applied {
		t.Fatalf("applied %t, error %v", applied, err)
	}
	if got := unread(); got != 3 {
		t.Errorf("the next login reads %d sessions, want the three that live", got)
	}
}
