//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/authd/authd/internal/store/pgtest"
)

// adminToken is the operators'.
const adminToken = "0perators-0nly-ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// plan is one part of a run: so many requests to one authd on one store.
type plan struct {
	store     string // sqlite or postgres
	throttled bool   // as by default; else not at all
	requests  int
	first     uint64 // number of the first
	insiders  int
	url       string // of the database, where there is one already
	shown     bool   // print each request with its answers
}

func (p plan) String() string {
	limits := "no throttles"
	if p.throttled {
		limits = "default throttles"
	}
	return map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL"}[p.store] + ", " + limits
}

// part is a plan under way.
type part struct {
	plan
	folder   string
	environ  []string
	database *pgtest.Server
	rows     database
	server   *server
	desk     *desk
	cast     *cast
	oracle   *oracle
	make     *generator
	out      io.Writer
	ledger   *ledger
	result   *result
	told     int // faults
}

// begin starts authd twice: first for the ghost, whose tokens last a second.
func (p *part) begin(ctx context.Context, program string) (err error) {
	if p.folder, err = os.MkdirTemp("", "authd-hostile-*"); err != nil {
		return err
	}
	if p.environ, err = p.place(); err != nil {
		return err
	}
	if !p.throttled {
		p.environ = append(p.environ, "AUTHD_THROTTLE_ACCOUNT=0", "AUTHD_THROTTLE_SOURCE=0")
	}
	short := append(p.environ[:len(p.environ):len(p.environ)], "AUTHD_ACCESS_TTL=1s", "AUTHD_REFRESH_IDLE_TTL=1s")
	if p.server, err = serve(ctx, program, p.folder, short); err != nil {
		return err
	}
	p.desk = newDesk(p.server, adminToken)
	ghost, err := p.desk.open(ctx, "ghost", theirs, ofDesk)
	if err != nil {
		return err
	}
	p.desk.close()
	if err := p.server.stop(); err != nil {
		return err
	}
	if p.server, err = serve(ctx, program, p.folder, p.environ); err != nil {
		return err
	}
	p.desk = newDesk(p.server, adminToken)
	if p.cast, err = p.desk.casting(ctx, ghost, p.insiders); err != nil {
		return err
	}
	return p.look(ctx)
}

// place makes the database and says where it is.
func (p *part) place() ([]string, error) {
	if p.store == "sqlite" {
		return environ(adminToken, "AUTHD_DATA_DIR="+filepath.Join(p.folder, "data")), nil
	}
	if p.url == "" {
		var err error
		if p.database, err = pgtest.Launch(pgtest.Config{}); err != nil {
			return nil, err
		}
		p.url = p.database.URL()
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // documented never to fail
	return environ(adminToken, "AUTHD_DATABASE_URL="+p.url, "AUTHD_MASTER_KEY="+base64.StdEncoding.EncodeToString(key)), nil
}

// look opens the database past authd.
func (p *part) look(ctx context.Context) (err error) {
	if p.store == "sqlite" {
		p.rows, err = openSQLite(filepath.Join(p.folder, "data", "authd.db"))
		return err
	}
	p.rows, err = openPostgres(ctx, p.url)
	return err
}

func (p *part) end() (err error) {
	if p.rows != nil {
		p.rows.close()
	}
	if p.desk != nil {
		p.desk.close()
	}
	if p.server != nil {
		err = p.server.stop()
	}
	if p.database != nil {
		err = errors.Join(err, p.database.Close())
	}
	return errors.Join(err, os.RemoveAll(p.folder))
}

// attack sends all requests, in blocks.
func (p *part) attack(ctx context.Context) error {
	started := time.Now()
	before, err := read(ctx, p.rows)
	if err != nil {
		return err
	}
	for done := 0; done < p.requests; {
		first := p.first + uint64(done)
		count := min(p.requests-done, int(blockSize-first%blockSize))
		p.ledger = &ledger{owner: map[string]bool{}}
		if err := p.block(ctx, first, count); err != nil {
			return err
		}
		done += count
		after, err := read(ctx, p.rows)
		if err != nil {
			return err
		}
		for _, fault := range p.ledger.unexplained(before, after) {
			p.result.fail("after the requests %d to %d: %s", first, first+uint64(count)-1, fault)
		}
		for _, fault := range p.server.complaints() {
			p.result.fail("in the requests %d to %d: %s", first, first+uint64(count)-1, fault)
		}
		before = after
		if err := p.progress(ctx, done, time.Since(started)); err != nil {
			return err
		}
		if p.result.failed() >= mostFaults {
			return fmt.Errorf("%d faults are enough", p.result.failed())
		}
	}
	p.result.took = time.Since(started)
	return p.close(ctx)
}

// close looks at the victims and at what the process holds.
func (p *part) close(ctx context.Context) error {
	if err := p.desk.spared(ctx, p.cast); err != nil {
		p.result.fail("%v", err)
	}
	for _, fault := range append(grown(p.result.samples), p.server.complaints()...) {
		p.result.fail("%s", fault)
	}
	p.server.mu.Lock()
	p.result.lines, p.result.warned = p.server.lines, p.server.warned
	p.server.mu.Unlock()
	return p.server.gone()
}

func (p *part) progress(ctx context.Context, done int, took time.Duration) error {
	s, err := p.desk.measure(ctx, done)
	if err != nil {
		return errors.Join(err, p.server.gone())
	}
	p.result.samples = append(p.result.samples, s)
	p.tell()
	fmt.Fprintf(p.out, "%v: %d of %d requests, %.0f/s, %d faults, %.0f MiB resident, %.1f MiB heap, %d goroutines, %d files\n",
		p.plan, done, p.requests, float64(done)/took.Seconds(), p.result.failed(), s.resident, s.heap, s.goroutines, s.files)
	return nil
}

// tell prints the faults that nobody has read yet.
func (p *part) tell() {
	p.result.mu.Lock()
	defer p.result.mu.Unlock()
	for ; p.told < len(p.result.faults); p.told++ {
		fmt.Fprintf(p.out, "\nFAULT %s\n\n", p.result.faults[p.told])
	}
}

// payload reads the claims of a signed text.
func payload(token string, into any) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return fmt.Errorf("a signed text has %d parts", len(parts))
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
