package sqlite

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// statements are all constants of this package that hold SQL, by name, read from its source: one that
// is forgotten here cannot be forgotten.
func statements(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if text, ok := spec.Values[0].(*ast.BasicLit); ok && text.Kind == token.STRING {
				if text, err := strconv.Unquote(text.Value); err == nil && isSQL.MatchString(text) {
					found[spec.Names[0].Name] = text
				}
			}
			return true
		})
	}
	return found
}

var isSQL = regexp.MustCompile(`(?i)^\s*(select|insert|update|delete|with)\s`)

func TestEveryStatementCanBePrepared(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	all := statements(t)
	if len(all) < 25 {
		t.Errorf("found %d statements: the search is broken", len(all))
	}
	for name, text := range all {
		err := s.write(t.Context(), name, func(ctx context.Context, l *link) error {
			_, err := l.prepare(ctx, text)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if text != strings.ToLower(text) && !strings.Contains(text, "'") {
			t.Errorf("%s is not in lower case", name)
		}
	}
}

// plans says which index serves a statement, as its comment does: every line of the plan that reads a
// table, in order. Without the index a full table would be read at every refresh.
var plans = map[string][]string{
	"selectSessions":        {"search s using primary key (session_id=?)", "scan json_each virtual table index 1:", "search u using primary key (user_id=?)"},
	"updateRotation":        {"search sessions using primary key (session_id=?)"},
	"deleteSessions":        {"search sessions using primary key (session_id=?)", "search sessions using covering index sessions_ends_at (ends_at<?)"},
	"endSessions":           {"search sessions using primary key (session_id=?)"},
	"selectUser":            {"search users using primary key (user_id=?)"},
	"shelveSessions":        {"search sessions using primary key (session_id=?)", "search sessions using index sessions_user_id (user_id=? and shelved=?)"},
	"selectUserSessions":    {"search sessions using index sessions_user_id (user_id=? and shelved=?)"},
	"changeUser":            {"search users using primary key (user_id=?)"},
	"selectGuard":           {"search sessions using primary key (session_id=?)"},
	"insertSession":         nil,
	"selectKills":           {"scan json_each virtual table index 1:", "scan wanted", "search k using index kills_kind_subject (kind=? and subject=?)"},
	"selectPlace":           {"search kills using integer primary key (rowid=?)"},
	"selectFeed":            {"search kills using integer primary key (rowid>?)"},
	"selectCollectable":     {"search kills using integer primary key (rowid<?)", "search feed_head using integer primary key (rowid=?)"},
	"deleteKills":           {"search kills using integer primary key (rowid=?)", "scan json_each virtual table index 1:"},
	"selectHead":            {"search feed_head using integer primary key (rowid=?)"},
	"insertKills":           nil,
	"advanceHead":           {"search feed_head using integer primary key (rowid=?)"},
	"selectSecrets":         {"scan secrets"}, // by its primary key, so nothing is sorted
	"selectKeys":            {"scan signing_keys using index sqlite_autoindex_signing_keys_2"},
	"insertSecret":          nil,
	"insertKey":             nil,
	"startKey":              {"search signing_keys using primary key (kid=?)"},
	"killKey":               {"search signing_keys using primary key (kid=?)"},
	"resealSecret":          {"search secrets using primary key (name=?)"},
	"deleteSecret":          {"search secrets using primary key (name=?)"},
	"selectOldestSession":   {"scan sessions"}, // by its primary key, and no further than the first
	"raiseKeyringVersion":   {"search feed_head using integer primary key (rowid=?)"},
	"insertHead":            nil,
	"raiseHead":             {"search feed_head using integer primary key (rowid=?)"},
	"raiseEpochs":           {"scan users using index sqlite_autoindex_users_2"}, // every row, on purpose, as by the next two
	"raiseClientEpochs":     {"scan clients"},
	"endAllSessions":        {"scan sessions"},
	"deleteResets":          {"scan password_resets using index sqlite_autoindex_password_resets_2"},
	"renameFeed":            {"search feed_head using integer primary key (rowid=?)"},
	"insertUser":            nil,
	"selectCredentials":     {"search c using integer primary key (rowid=?)", "search u using index sqlite_autoindex_users_2 (username=?) left-join"},
	"selectCredentialsByID": {"search c using integer primary key (rowid=?)", "search u using primary key (user_id=?) left-join"},
	"selectReset":           {"search r using index sqlite_autoindex_password_resets_2 (reset_id=?)", "search u using primary key (user_id=?)"},
	"upsertReset":           nil,
	"spendReset":            {"search password_resets using index sqlite_autoindex_password_resets_2 (reset_id=?)"},
	"deleteReset":           {"search password_resets using primary key (user_id=?)"},
	"deleteUserSessions":    {"search sessions using index sessions_user_id (user_id=?)"},
	"deleteUser":            {"search users using primary key (user_id=?)", "search password_resets using primary key (user_id=?)", "search sessions using index sessions_user_id (user_id=?)"},
	"selectUserByID":        {"search users using primary key (user_id=?)"},
	"selectUserByName":      {"search users using index sqlite_autoindex_users_2 (username=?)"},
	"selectPasswordHashes":  {"search users using primary key (user_id>?)"},
	"selectUsers":           {"search users using index sqlite_autoindex_users_2 (username>?)"},
	"raiseGreatestCost":     {"search password_cost using integer primary key (rowid=?)"},

	"selectPresentNames":     {"scan json_each virtual table index 1:", "search u using index sqlite_autoindex_users_2 (username=?)"},
	"selectPresentIDs":       {"scan json_each virtual table index 1:", "search u using primary key (user_id=?)"},
	"selectPresentClients":   {"scan json_each virtual table index 1:", "search c using primary key (client_id=?)"},
	"insertUsers":            nil,
	"selectCredentialsAfter": {"search users using index sqlite_autoindex_users_2 (username>?)"},

	"insertClient":  nil,
	"selectClient":  {"search clients using primary key (client_id=?)"},
	"selectClients": {"search clients using primary key (client_id>?)"},
	"raiseClient":   {"search clients using primary key (client_id=?)"},
	"deleteClient":  {"search clients using primary key (client_id=?)"},

	"selectCounters":   {"search throttles using primary key (account=? and source=?)"},
	"selectLastOpened": {"search sessions using covering index sessions_login_net (login_net=? and user_id=?)"},
	"swapCounters":     {"search throttles using primary key (account=? and source=?)"},
	"insertCounter":    nil,
	"clearCounters":    {"search throttles using primary key (account=?)"},
	"deleteCounters":   {"search throttles using primary key (account=? and source=?)", "search throttles using covering index throttles_counted_at (counted_at<?)"},

	"insertRecords":          {"scan constant row", "search users using primary key (user_id=?)", "scan k"},
	"selectRecords":          {"search audit using primary key (event_id>? and event_id<?)"},
	"selectRecordsOfName":    {"search audit using index audit_name (name=? and event_id>? and event_id<?)"},
	"selectRecordsOfActor":   {"search audit using index audit_actor (actor=? and event_id>? and event_id<?)"},
	"selectRecordsOfAddress": {"search audit using index audit_address (address=? and event_id>? and event_id<?)"},
	"selectRecordsOfUser":    {"search audit using index audit_user_id (user_id=? and event_id>? and event_id<?)"},
	"selectRecordsOfSession": {"search audit using index audit_session_id (session_id=? and event_id>? and event_id<?)"},
	"blankRecords":           {"search audit using index audit_user_id (user_id=?)"},
	"deleteRecords":          {"search audit using primary key (event_id=?)", "search audit using primary key (event_id<?)"},

	"selectApplicationID": {"scan pragma_application_id virtual table index 0:"},
	"countObjects":        {"scan sqlite_master"},
	"countVersionTables":  {"scan sqlite_schema"},
	"selectVersion":       {"search goose_db_version"},
}

func TestEveryStatementIsServedByTheIndexThatItsCommentNames(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	for name, text := range statements(t) {
		want, known := plans[name]
		if !known {
			t.Errorf("%s has no plan in this test", name)
			continue
		}
		var got []string
		for _, line := range s.plan(t, text) {
			line = strings.ToLower(line)
			if strings.HasPrefix(line, "scan ") || strings.HasPrefix(line, "search ") {
				got = append(got, line)
			}
			if strings.Contains(line, "order by") {
				t.Errorf("%s sorts: %s", name, line)
			}
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("the plan of %s is\n\t%s\nwant\n\t%s", name, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
	}
}

func (s *Store) plan(t *testing.T, text string) []string {
	t.Helper()
	parameters := make([]any, 20) // more than a statement has are ignored by the driver
	for i := range parameters {
		parameters[i] = 0
	}
	var lines []string
	err := s.write(t.Context(), "explain", func(ctx context.Context, l *link) (err error) {
		lines, err = all(ctx, l, "explain query plan "+text, func(r row) (detail string, err error) {
			var id, parent, unused int
			err = r.Scan(&id, &parent, &unused, &detail)
			return detail, err
		}, parameters...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
