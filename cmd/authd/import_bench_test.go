//go:build unix

package main

import (
	"strings"
	"testing"

	"github.com/authd/authd/internal/store/everystore"
)

// BenchmarkImport imports files of 20,000 users into one store after the other, reading, judging and all,
// and then once more the file that is there already.
//
//	go test ./cmd/authd -run '^$' -bench BenchmarkImport -benchtime 5x
func BenchmarkImport(b *testing.B) {
	for name, open := range map[string]func(testing.TB) everystore.Database{"PostgreSQL": everystore.OnPostgres, "SQLite": everystore.OnSQLite} {
		store := open(b)(b)
		const n = 20_000
		fresh := 0
		users := func(from int) *strings.Reader {
			return strings.NewReader(strings.ReplaceAll(usersCSV(n), "user-", "user-"+strings.Repeat("x", from)))
		}
		runs := func(b *testing.B, file func() *strings.Reader) {
			for b.Loop() {
				b.StopTimer()
				run := importer(b, store, file())
				b.StartTimer()
				if err := run.all(b.Context()); err != nil || run.tally.lines != n || len(run.tally.refused) > 0 {
					b.Fatalf("%+v, %v", run.tally, err)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "users/s")
		}
		b.Run(name+"/new", func(b *testing.B) {
			runs(b, func() *strings.Reader { fresh++; return users(fresh) })
		})
		b.Run(name+"/there", func(b *testing.B) {
			runs(b, func() *strings.Reader { return users(fresh) })
		})
	}
}
