//go:build linux

package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/authd/authd/e2e/pgwire"
)

// name is that of a user.
func name(n int) string { return "user-" + strconv.Itoa(n) }

// meter asks one server, and looks at what that costs.
type meter struct {
	t      *testing.T
	client *http.Client
	server *process
	wire   *pgwire.Wire
	rows   *pgx.Conn

	// What happens when nobody asks for anything: the follower polls, loops look at their clocks. The slower the
	// machine, the more of it falls into a count.
	idle struct{ messages, objects float64 } // a second
	look float64                             // objects allocated by a look at the metrics
}

func (m *meter) want(status int, r request) answer {
	m.t.Helper()
	a, err := send(m.t.Context(), m.client, m.server.addr, r)
	if err != nil || a.status != status {
		m.t.Fatalf("%s: got %v, error %v, want %d", r.path, a, err, status)
	}
	return a
}

// settle counts what is sent and allocated while nobody asks for anything.
func (m *meter) settle() {
	m.objects() // what the first look needs, none needs again
	objects := m.objects()
	m.look = m.objects() - objects
	messages, objects, began := m.wire.Waited(), m.objects(), time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	<-tick.C
	took := time.Since(began).Seconds()
	m.idle.messages = float64(m.wire.Waited()-messages) / took
	m.idle.objects = (m.objects() - objects - m.look) / took
}

// cost holds the mean of n calls to its limits. It leaves out what is sent and allocated anyway.
func (m *meter) cost(of string, n int, act func(n int)) {
	m.t.Helper()
	objects, statements := m.objects(), m.statements()
	messages, began := m.wire.Waited(), time.Now()
	for i := range n {
		act(i)
	}
	took := time.Since(began).Seconds()
	sent := float64(m.wire.Waited()-messages) - m.idle.messages*took
	executed := m.statements() - statements
	allocated := m.objects() - objects - m.look - m.idle.objects*took
	within(m.t, "messages to PostgreSQL of "+of, sent/float64(n))
	within(m.t, "statements of "+of, executed/float64(n))
	within(m.t, "allocations of "+of, allocated/float64(n))
}

// objects is how many were allocated so far.
func (m *meter) objects() float64 { return m.metric("go_memstats_mallocs_total") }

// unasked is how statements begin that are executed whoever asks for what: the feed's and the audit's loops have their
// own pace, and every call tells PostgreSQL first how long it may take.
var unasked = []string{"select clock_timestamp(), set_config('lock_timeout'", "select 'head' as shape",
	"update feed_head h set as_of", "insert into audit ", "show transaction_read_only", "-- ping"}

// statements is how many were executed so far because somebody asked for something.
func (m *meter) statements() (sum float64) {
	for text, times := range m.wire.Statements() {
		words := strings.Join(strings.Fields(text), " ")
		if !slices.ContainsFunc(unasked, func(begin string) bool { return strings.HasPrefix(words, begin) }) {
			sum += float64(times)
		}
	}
	return sum
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
