//go:build unix

package e2e

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/authd/authd/internal/store/pgtest"
)

const issuer = "http://authd.test"

// deployment is one database and what every authd on it is told.
type deployment struct {
	name    string // that no other has: PostgreSQL shows the connections of all deployments in one list
	dir     string
	environ []string
	url     string   // of PostgreSQL; empty on SQLite
	files   int      // that each process may have open; 0: as many as the tests
	most    int      // processes that serve at once: on SQLite there is one
	past    database // a second look at the rows, past authd

	started atomic.Int32
}

// onEveryStore runs a claim once on each store, on an empty database.
func onEveryStore(t *testing.T, claim func(t *testing.T, d *deployment)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		claim(t, onSQLite(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		claim(t, onPostgres(t, pgtest.New(t)))
	})
}

func onSQLite(t testing.TB) *deployment {
	d := newDeployment(t)
	folder := filepath.Join(d.dir, "data")
	d.environ = append(d.environ, "AUTHD_DATA_DIR="+folder)
	d.most, d.past = 1, &sqliteRows{file: filepath.Join(folder, "authd.db")}
	return d
}

// onPostgres makes a deployment of three processes, which the first of them migrates.
func onPostgres(t testing.TB, url string) *deployment {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key) // documented never to fail
	d := newDeployment(t)
	d.environ = append(d.environ, "AUTHD_AUTO_MIGRATE=true", "AUTHD_MASTER_KEY="+base64.StdEncoding.EncodeToString(key))
	d.url, d.most, d.past = url, 3, &postgresRows{url: url}
	return d
}

// newDeployment sets the least work for a password, because these tests are about other things, and a
// retry window that no busy machine outlasts.
func newDeployment(t testing.TB) *deployment {
	return &deployment{name: "authd-e2e-" + rand.Text(), dir: t.TempDir(), environ: []string{
		"AUTHD_ADDR=127.0.0.1:0", "AUTHD_ADMIN_ADDR=127.0.0.1:0", "AUTHD_ISSUER=" + issuer,
		"AUTHD_BCRYPT_COST=10", "AUTHD_RETRY_WINDOW=10m",
		"AUTHD_THROTTLE_SOURCE=0", // everybody comes from one address
	}}
}

// launch starts a process and does not wait for it. via is another way to the database, as HOST:PORT;
// empty is the straight one.
func (d *deployment) launch(t testing.TB, via string) *process {
	t.Helper()
	name := fmt.Sprintf("%s-%d", d.name, d.started.Add(1))
	return launch(t, d.dir, name, d.settings(t, via, name), d.files)
}

// settings is the environment of a process that the database knows by name.
func (d *deployment) settings(t testing.TB, via, name string) []string {
	t.Helper()
	if d.url == "" {
		return d.environ
	}
	u := parseURL(t, d.url)
	if via != "" {
		u.Host = via
	}
	query := u.Query()
	query.Set("application_name", name)
	u.RawQuery = query.Encode()
	return append(d.environ[:len(d.environ):len(d.environ)], "AUTHD_DATABASE_URL="+u.String())
}

func parseURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// start starts a process and returns when it serves.
func (d *deployment) start(t testing.TB) *process {
	t.Helper()
	p := d.launch(t, "")
	p.await(t, "serving")
	return p
}

// startAll starts as many processes as the store takes.
func (d *deployment) startAll(t testing.TB) []*process {
	t.Helper()
	all := make([]*process, d.most)
	for i := range all {
		all[i] = d.start(t)
	}
	return all
}
