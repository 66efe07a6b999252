//go:build unix

package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// volatile are the tables in which bad requests are meant to leave something.
var volatile = []string{"audit", "throttles"}

// beating are the columns that move by themselves, or with the rows of kills, which are compared themselves.
var beating = []string{"as_of", "seq", "mark"}

// row is what is known of a row: enough to see that it is the same, and whose it is.
type row struct {
	table, key, owner string
	sum               [sha256.Size]byte
}

// rows is the database at a moment.
type rows map[row]bool

// database is read past authd.
type database interface {
	// tables lists the tables of authd, and scan the rows of one as its columns have them.
	tables(ctx context.Context) ([]string, error)
	scan(ctx context.Context, table string, each func(columns []string, values []any)) error
	close()
}

func read(ctx context.Context, d database) (rows, error) {
	tables, err := d.tables(ctx)
	if err != nil {
		return nil, err
	}
	all := rows{}
	for _, table := range tables {
		if slices.Contains(volatile, table) {
			continue
		}
		if err := d.scan(ctx, table, func(columns []string, values []any) { all[summary(table, columns, values)] = true }); err != nil {
			return nil, fmt.Errorf("read %s: %w", table, err)
		}
	}
	return all, nil
}

func summary(table string, columns []string, values []any) row {
	r := row{table: table, key: plainText(values[0])}
	r.owner = r.key
	h := sha256.New()
	for i, column := range columns {
		switch {
		case table == "feed_head" && slices.Contains(beating, column):
			continue
		case column == "user_id":
			r.owner = plainText(values[i])
		case table == "kills" && column == "subject":
			r.owner = plainText(values[i])
		}
		fmt.Fprintf(h, "%s=%s\n", column, plainText(values[i]))
	}
	r.sum = [sha256.Size]byte(h.Sum(nil))
	return r
}

func plainText(value any) string {
	switch v := value.(type) {
	case []byte:
		return hex.EncodeToString(v)
	case [16]byte:
		return hex.EncodeToString(v[:])
	}
	return fmt.Sprint(value)
}

// ledger is what the answers of a block admit to have changed. Workers share it.
type ledger struct {
	mu    sync.Mutex
	owner map[string]bool // :: hex, as rows have them; guarded by mu
}

// admit notes ids of users, clients, sessions and tokens.
func (l *ledger) admit(ids ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		sum := sha256.Sum256([]byte(id))
		l.owner[hex.EncodeToString(sum[:12])] = true // as the subject of a kill
		if b, err := base64.RawURLEncoding.DecodeString(id); err == nil {
			l.owner[hex.EncodeToString(b)] = true
		}
		l.owner[strings.ReplaceAll(id, "-", "")] = true
	}
}

// unexplained says which rows came, went or changed although no answer admits it.
func (l *ledger) unexplained(before, after rows) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := map[string]int{}
	for what, pair := range map[string][2]rows{"is gone, or was another, in": {before, after}, "is new, or is another, in": {after, before}} {
		for r := range pair[0] {
			if !pair[1][r] && !l.owner[r.owner] && !l.owner[r.key] {
				count[fmt.Sprintf("the row %.60s of %.40s %s %s", r.key, r.owner, what, r.table)]++
			}
		}
	}
	return slices.Sorted(maps.Keys(count))
}
