//go:build unix

package everystore

import (
	"testing"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/pgtest"
)

// Hold locks the row of a session, as somebody else's transaction does, until release is called. The store is
// one of [OnPostgres]: SQLite locks no rows.
func Hold(t testing.TB, store Store, session auth.SessionID) (release func()) {
	t.Helper()
	on, ok := store.(served)
	if !ok {
		t.Fatalf("%T locks no rows", store)
	}
	tx, err := pgtest.Connect(t, on.url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `select from sessions where session_id = $1 for update`, [16]byte(session)); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
