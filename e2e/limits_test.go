//go:build linux

package e2e

import (
	"crypto/rand"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/e2e/pgwire"
	"github.com/authd/authd/internal/store/pgtest"
)

// limits are what things may cost that no clock has to measure. They are there to be noticed: a change that needs more
// raises its line here, and says in its commit what it bought; one that needs less lowers it. -v prints what each is.
// What the pieces of a request may allocate stands with them, in pieces_test.go of their packages, nearly to the last one.
var limits = map[string]struct {
	most  float64
	today string // what it was when the line was last set
}{
	"messages to PostgreSQL of a refresh":        {2.4, "2: load, swap"},
	"messages to PostgreSQL of 64 at once, each": {0.25, "0.07 to 0.09: a batch shares its two"},
	"messages to PostgreSQL of a login":          {7.4, "6 to 7: the audit writes within 100 ms, for as many as came"},
	"messages to PostgreSQL of a logout":         {5.4, "3 to 5, likewise, and the feed is read at once"},
	"messages to PostgreSQL of a registration":   {5.4, "4 to 5, likewise"},

	"statements of a refresh":        {2.1, "2"},
	"statements of 64 at once, each": {0.25, "0.07 to 0.09"},
	"statements of a login":          {11.1, "11, begin, commit and the shelving of ended sessions among them"},
	"statements of a logout":         {1.1, "1"},
	"statements of a registration":   {3.1, "3"},

	"bytes of WAL of a refresh":       {420, "353, without images of pages"},
	"allocations of a refresh":        {280, "267, from the socket to the socket"},
	"allocations of 64 at once, each": {190, "139; alone, each would be a refresh"},
	"allocations of a login":          {860, "685; where logins are slow each has a write of the audit to itself: 790"},
	"allocations of a logout":         {560, "385; likewise, and a reading of the feed"},
	"allocations of a registration":   {490, "335; likewise: 450"},
	"KiB allocated by a refresh":      {26, "23.1"},

	"goroutines, idle":                  {32, "29"},
	"MiB resident, idle, on PostgreSQL": {20, "14.8; more beside other tests; the goal is measured where nothing else runs"},
	"MiB resident, idle, on SQLite":     {23, "17.8; more beside other tests"},
	"MiB of the program":                {34, "32.9, with its symbols"},
	"MiB of the image":                  {24, "23.3"},
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
	m := &meter{t: t, client: newClient(t), server: d.start(t), wire: wire, rows: pgtest.Connect(t, server.URL())}

	m.settle()
	within(t, "goroutines, idle", m.metric("go_goroutines"))
	m.cost("a registration", 64, func(n int) { m.want(201, request{path: "/register", body: user(name(n))}) })
	pairs := make([]pair, 64)
	m.cost("a login", 64, func(n int) { pairs[n] = mustPair(t, m.want(200, request{path: "/login", body: user(name(n))})) })
	refreshOne := func(n int) { pairs[n%64] = mustPair(t, m.want(200, refreshing(pairs[n%64].RefreshToken))) }
	for n := range 256 {
		refreshOne(n) // plans are made, pages are touched
	}
	before, allocated := m.wal(), m.metric("go_memstats_alloc_bytes_total")
	m.cost("a refresh", 256, refreshOne)
	within(t, "bytes of WAL of a refresh", float64(m.wal()-before)/256)
	within(t, "KiB allocated by a refresh", (m.metric("go_memstats_alloc_bytes_total")-allocated)/1024/256)
	m.cost("64 at once, each", 64*8, func(n int) {
		if n == 0 {
			m.crowd(pairs, 8)
		}
	})
	m.cost("a logout", 64, func(n int) { m.want(204, loggingOut(pairs[n].RefreshToken)) })
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
