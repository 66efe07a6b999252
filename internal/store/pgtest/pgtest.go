//go:build unix

package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// EnvURL names the variable that points all tests at a PostgreSQL which is already running. Its role
// must be allowed to create schemas there.
const EnvURL = "TEST_DATABASE_URL"

// shared starts the process's one cluster. It is the package's only state, because test binaries have
// no place of their own to keep it: TestMain belongs to the packages under test.
var shared = sync.OnceValues(func() (string, error) {
	if given := os.Getenv(EnvURL); given != "" {
		return given, nil
	}
	s, err := Launch(Config{})
	if err != nil {
		return "", err
	}
	return s.URL(), nil // never closed here: the watchdog sees this process end, and clears up
})

// New makes an empty schema and returns a URL whose search_path is that schema alone. The schema is
// dropped when t ends. Names without a schema therefore stay inside it; what belongs to a whole
// database, such as extensions or advisory locks, is shared with other tests.
func New(t testing.TB) string {
	t.Helper()
	base, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return newSchema(t, base)
}

func newSchema(t testing.TB, base string) string {
	t.Helper()
	name := "test_" + randomHex(8)
	own, err := withSearchPath(base, name)
	if err != nil {
		t.Fatal(err)
	}
	if err := execute(base, "create schema "+name); err != nil {
		t.Fatalf("pgtest: create a schema: %v", err)
	}
	t.Cleanup(func() {
		// The timeout turns a transaction that the test forgot into a failure with a name.
		err := execute(base, "set lock_timeout = '20s'", "set client_min_messages = warning", "drop schema "+name+" cascade")
		if err != nil {
			t.Errorf("pgtest: drop the test's schema (is a transaction of it still open?): %v", err)
		}
	})
	return own
}

// Connect opens a connection that is closed when t ends.
func Connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func withSearchPath(base, schema string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		// The text is not shown: it may hold a password, and test logs are public.
		return "", fmt.Errorf("pgtest: %s must be a URL: postgres://user:password@host/database", EnvURL)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func execute(url string, statements ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // documented never to fail
	return hex.EncodeToString(b)
}
