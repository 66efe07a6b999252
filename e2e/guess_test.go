//go:build unix

package e2e

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/authd/authd/internal/store/pgtest"
)

var hashed = regexp.MustCompile(`(?m)^authd_password_wait_seconds_count (\d+)$`)

// hashes is how many passwords all processes have taken up, as their metrics say.
func hashes(t *testing.T, all []*process) (n int) {
	t.Helper()
	for _, p := range all {
		response, err := newClient(t).Get("http://" + p.admin + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		found := hashed.FindSubmatch(text)
		if found == nil {
			t.Fatalf("no count of passwords in\n%s", text)
		}
		count, err := strconv.Atoi(string(found[1]))
		if err != nil {
			t.Fatal(err)
		}
		n += count
	}
	return n
}

// E16: a thousand guesses at once at three real processes on one PostgreSQL, with the limit that nobody has
// set. What each compares is what it may before it knows of the others: three times ten, and two more should this
// take longer than the first pauses. The owner signs in at home, wherever she asks.
func TestE16AThousandGuessesAtThreeProcessesAreThirtyComparisons(t *testing.T) {
	t.Parallel()
	const guesses, limit = 1000, 10
	d := onPostgres(t, pgtest.New(t))
	d.environ = append(d.environ, "AUTHD_ADMIN_TOKEN="+rand.Text()+rand.Text()) // for the metrics
	all := d.startAll(t)
	signUp(t, all[0], "ada")
	before := hashes(t, all)

	crowd := from(t, "127.0.0.2")
	var wrong, throttled, away atomic.Int64
	var group sync.WaitGroup
	for i := range guesses {
		group.Go(func() {
			guess := credentials{"ada", fmt.Sprint("a cup of tea at ", i)}
			a, err := send(t.Context(), crowd, all[i%len(all)].addr, request{path: "/login", body: guess})
			switch {
			case err == nil && a.status == http.StatusUnauthorized:
				wrong.Add(1)
			case err == nil && a.status == http.StatusTooManyRequests && a.code() == "too_many_attempts" && a.header.Get("RateLimit-Policy") == `"account";q=10`:
				throttled.Add(1)
			case err != nil || a.status == http.StatusServiceUnavailable:
				away.Add(1) // so many connections of one address
			default:
				t.Errorf("guess %d: got %v", i, a)
			}
		})
	}
	group.Wait()
	compared := hashes(t, all) - before
	t.Logf("%d guesses at once: %d were compared; %d got 401, %d got 429, %d were sent away", guesses, compared, wrong.Load(), throttled.Load(), away.Load())
	if most := len(all)*limit + 2; compared > most || compared < limit || wrong.Load() > int64(compared) {
		t.Errorf("%d were compared, of which %d were answered, want %d to %d", compared, wrong.Load(), limit, most)
	}
	_ = request{path: "/login", body: credentials{"ada", "a cup of tea"}}.with(t, crowd, all[0].addr, nil) // a pause begins now
	stranger := request{path: "/login", body: user("ada")}.with(t, crowd, all[1].addr, nil)
	if stranger.status != http.StatusTooManyRequests || stranger.header.Get("Retry-After") == "" {
		t.Errorf("the right password of a stranger: got %v", stranger)
	}
	for _, p := range all {
		mustPair(t, ask(t, p, request{path: "/login", body: user("ada")}))
	}
	if output, err := d.command(t, "", "users", "unlock", "ada"); err != nil {
		t.Fatalf("authd users unlock: %v\n%s", err, output)
	}
	mustPair(t, request{path: "/login", body: user("ada")}.with(t, crowd, all[2].addr, nil))
}
