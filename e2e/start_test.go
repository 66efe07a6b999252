//go:build unix

package e2e

import (
	"testing"
	"time"

	"github.com/authd/authd/internal/store/pgtest"
)

// G13: a first start makes a schema, keys and secrets. Wherever it is killed, the next one finds nothing
// that it could not go on from.
func TestG13AFirstStartThatIsKilledCanBeRepeated(t *testing.T) {
	t.Parallel()
	times := 8
	if testing.Short() {
		times = 3
	}
	for store, empty := range map[string]func() *deployment{
		"SQLite":     func() *deployment { return onSQLite(t) },
		"PostgreSQL": func() *deployment { return onPostgres(t, pgtest.New(t)) },
	} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			random := seeded(t)
			first := empty()
			began := time.Now()
			first.start(t).kill()
			whole := time.Since(began) // how long a start takes here and now
			for range times {
				d := empty()
				p := d.launch(t, "")
				<-time.After(time.Duration(random.Int64N(int64(whole)))) // any moment of it
				p.kill()
				p = d.start(t)
				refresh(t, p, signUp(t, p, "ada").RefreshToken)
				p.kill()
			}
		})
	}
}
