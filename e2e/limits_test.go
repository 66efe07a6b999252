//go:build linux

package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/authd/authd/e2e/pgwire"
	"github.com/authd/authd/internal/store/pgtest"
)

// limits are what things may cost that no clock has to measure. They are there to be noticed: a change that needs more
// raises its line here, and says in its commit what it bought.
var limits = map[string]struct {
	most  float64
	today string // what it was when the line was last set
}{
	"messages to PostgreSQL of a refresh":        {2.4, "2: load, swap"},
	"messages to PostgreSQL of 64 at once, each": {0.5, "0.07: a batch shares its two"},
	"messages to PostgreSQL of a login":          {7.4, "6 to 7: the audit writes within 100 ms, for as many as came"},
	"messages to PostgreSQL of a logout":         {5.4, "4 to 5, likewise"},
	"messages to PostgreSQL of a registration":   {5.4, "4 to 5, likewise"},
	"bytes of WAL of a refresh":                  {600, "341, without images of pages"},
	"allocations of a refresh":                   {340, "305, from the socket to the socket"},
	"KiB allocated by a refresh":                 {32, "27.7"},
	"MiB resident, idle, on PostgreSQL":          {23, "20.1 beside other tests; the goal is measured where nothing else runs"},
	"MiB resident, idle, on SQLite":              {25, "22.0 beside other tests"},
	"MiB of the program":                         {34, "32.5, with its symbols"},
	"MiB of the image":                           {24, "23.0"},
}

// within holds an amount to its limit.
func within(t *testing.T, what string, got float64) {
	t.Helper()
	limit, listed := limits[what]
	switch {
	case !listed:
		t.Errorf("%q has no limit", what)
	case got > limit.most:
		t.Errorf("%s: got %.2f, at most %v (%s)", what, got, limit.most, limit.today)
	default:
		t.Logf("%s: %.2f, at most %v", what, got, limit.most)
	}
}

func TestNoRequestCostsMoreThanItHasTo(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, pgtest.Config{}) // its own: the log of writes is one for all databases
	wire, err := pgwire.Open(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = wire.Close() })
	through, err := wire.URL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	d := onPostgres(t, through)
	d.environ = append(d.environ, "AUTHD_ADMIN_TOKEN="+rand.Text()+rand.Text()) // for the metrics
	m := &meter{t: t, client: newClient(t), server: d.start(t), wire: wire, rows: connect(t, server.URL())}

	m.settle()
	m.messages("a registration", 20, func(n int) { m.want(201, request{path: "/register", body: user(name(n))}) })
	pairs := make([]pair, 64)
	m.messages("a login", 64, func(n int) { pairs[n] = mustPair(t, m.want(200, request{path: "/login", body: user(name(n % 20))})) })
	refreshOne := func(n int) { pairs[n%64] = mustPair(t, m.want(200, refreshing(pairs[n%64].RefreshToken))) }
	for n := range 256 {
		refreshOne(n) // plans are made, pages are touched
	}
	before, allocated := m.wal(), m.allocated()
	m.messages("a refresh", 256, refreshOne)
	after := m.allocated()
	within(t, "bytes of WAL of a refresh", float64(m.wal()-before)/256)
	within(t, "allocations of a refresh", (after.objects-allocated.objects)/256)
	within(t, "KiB allocated by a refresh", (after.bytes-allocated.bytes)/1024/256)
	m.messages("64 at once, each", 64*8, func(n int) {
		if n == 0 {
			m.crowd(pairs, 8)
		}
	})
	m.messages("a logout", 64, func(n int) { m.want(204, loggingOut(pairs[n].RefreshToken)) })
}

// name is that of a user.
func name(n int) string { return "user-" + strconv.Itoa(n) }

// meter asks one server, and looks at what that costs.
type meter struct {
	t      *testing.T
	client *http.Client
	server *process
	wire   *pgwire.Wire
	rows   *pgx.Conn
	idle   float64 // messages a second when nobody asks for anything
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func (m *meter) want(status int, r request) answer {
	m.t.Helper()
	a, err := send(m.t.Context(), m.client, m.server.addr, r)
	if err != nil || a.status != status {
		m.t.Fatalf("%s: got %v, error %v, want %d", r.path, a, err, status)
	}
	return a
}

// settle counts what is sent while nobody asks for anything: the follower polls.
func (m *meter) settle() {
	before, began := m.wire.Waited(), time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	<-tick.C
	m.idle = float64(m.wire.Waited()-before) / time.Since(began).Seconds()
}

// messages holds the mean of n calls to the limit of messages, without those that are sent anyway.
func (m *meter) messages(of string, n int, act func(n int)) {
	m.t.Helper()
	before, began := m.wire.Waited(), time.Now()
	for i := range n {
		act(i)
	}
	sent := float64(m.wire.Waited()-before) - m.idle*time.Since(began).Seconds()
	within(m.t, "messages to PostgreSQL of "+of, sent/float64(n))
}

// crowd refreshes all sessions side by side, each so many times.
func (m *meter) crowd(pairs []pair, times int) {
	m.t.Helper()
	var group errgroup.Group
	for i := range pairs {
		group.Go(func() error {
			client := newClient(m.t)
			for range times {
				a, err := send(m.t.Context(), client, m.server.addr, refreshing(pairs[i].RefreshToken))
				if err != nil {
					return err
				}
				if pairs[i], err = a.pair(); err != nil {
					return fmt.Errorf("%v: %w", a, err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		m.t.Fatal(err)
	}
}

func (m *meter) wal() (position int64) {
	m.t.Helper()
	if err := m.rows.QueryRow(m.t.Context(), `select (pg_current_wal_insert_lsn() - '0/0')::bigint`).Scan(&position); err != nil {
		m.t.Fatal(err)
	}
	return position
}

// heap is what was ever allocated.
type heap struct{ objects, bytes float64 }

func (m *meter) allocated() heap {
	m.t.Helper()
	return heap{m.metric("go_memstats_mallocs_total"), m.metric("go_memstats_alloc_bytes_total")}
}

func (m *meter) metric(name string) float64 {
	m.t.Helper()
	a, err := send(m.t.Context(), m.client, m.server.admin, request{path: "/metrics"})
	if err != nil {
		m.t.Fatal(err)
	}
	for line := range strings.Lines(string(a.body)) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				m.t.Fatal(err)
			}
			return number
		}
	}
	m.t.Fatalf("there is no %s in %v", name, a)
	return 0
}

func TestAnIdleServerIsSmall(t *testing.T) {
	t.Parallel()
	for store, d := range map[string]*deployment{"SQLite": onSQLite(t), "PostgreSQL": onPostgres(t, pgtest.New(t))} {
		d.start(t).kill() // the first start makes tables and keys
		p := d.start(t)
		within(t, "MiB resident, idle, on "+store, settledMiB(t, p.cmd.Process.Pid))
	}
}

// settledMiB waits until the memory of a process has not shrunk for a second.
func settledMiB(t *testing.T, pid int) (least float64) {
	t.Helper()
	least = math.Inf(1)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for quiet := 0; quiet < 10; quiet++ {
		<-tick.C
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(status), "\nVmRSS:")
		kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		if mib := kib / 1024; mib < least-0.1 {
			least, quiet = mib, 0
		}
	}
	return least
}

// The image is the program, stripped as deploy/Dockerfile does it, and next to nothing besides: certificates and a
// licence. deploy/smoke.sh builds it for real.
func TestTheProgramIsSmall(t *testing.T) {
	t.Parallel()
	stripped := filepath.Join(t.TempDir(), "authd")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", stripped, "./cmd/authd")
	build.Dir, build.Env = "..", append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for what, file := range map[string]string{"MiB of the program": program, "MiB of the image": stripped} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		within(t, what, float64(info.Size())/(1<<20))
	}
}
