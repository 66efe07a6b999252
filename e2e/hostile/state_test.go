//go:build unix

package main

import (
	"slices"
	"strings"
	"testing"
)

func TestTheLogIsJudged(t *testing.T) {
	t.Parallel()
	for line, bad := range map[string]bool{
		`{"level":"INFO","msg":"request"}`:                false,
		`{"level":"WARN","msg":"x"}`:                      false,
		`{"level":"ERROR","msg":"x"}`:                     true,
		`{"level":"INFO","msg":"` + mark + `"}`:           true,
		`{"level":"INFO","msg":"x","a":"art_AQabc"}`:      true,
		`{"level":"INFO","msg":"x","a":"eyJhbGciOi.x"}`:   true,
		`{"level":"INFO","msg":"x","a":"` + theirs + `"}`: true,
		`panic: runtime error`:                            true,
		`goroutine 1 [running]:`:                          true,
		`authd listens on http://127.0.0.1:1`:             false,
	} {
		s := &server{warned: map[string]int{}}
		s.read(strings.NewReader(line+"\n"), nil)
		if got := s.complaints(); (len(got) > 0) != bad {
			t.Errorf("%s: got %q", line, got)
		}
	}
}

func TestARowThatNobodyAdmitsToHaveChangedIsAFault(t *testing.T) {
	t.Parallel()
	const id = "00000000-0000-7000-8000-000000000001"
	hex := strings.ReplaceAll(id, "-", "")
	columns := []string{"session_id", "user_id", "generation"}
	of := func(all ...row) rows {
		m := rows{}
		for _, r := range all {
			m[r] = true
		}
		return m
	}
	one := summary("sessions", columns, []any{"a", hex, 1})
	two := summary("sessions", columns, []any{"a", hex, 2})
	for name, pair := range map[string][2]rows{"changed": {of(one), of(two)}, "new": {of(), of(one)}, "gone": {of(one), of()}} {
		silent, admitted := &ledger{owner: map[string]bool{}}, &ledger{owner: map[string]bool{}}
		admitted.admit(id)
		if len(silent.unexplained(pair[0], pair[1])) == 0 {
			t.Errorf("%s: no fault was seen", name)
		}
		if got := admitted.unexplained(pair[0], pair[1]); len(got) > 0 {
			t.Errorf("%s, and admitted: got %q", name, got)
		}
	}
	beat := []string{"singleton", "feed_id", "seq", "mark", "as_of", "max_ttl"}
	if summary("feed_head", beat, []any{1, "f", 1, 1, 1, 9}) != summary("feed_head", beat, []any{1, "f", 2, 2, 2, 9}) {
		t.Error("a heartbeat was taken for a change")
	}
	if summary("feed_head", beat, []any{1, "f", 1, 1, 1, 9}) == summary("feed_head", beat, []any{1, "g", 1, 1, 1, 9}) {
		t.Error("another feed was taken for a heartbeat")
	}
}

func TestWhatGrowsIsAFault(t *testing.T) {
	t.Parallel()
	flat := make([]sample, 40)
	for i := range flat {
		flat[i] = sample{i, 40 + float64(i%3), 3 + float64(i%2), 30 + i%5, 25}
	}
	if got := grown(flat); len(got) > 0 {
		t.Errorf("flat: got %q", got)
	}
	for name, grow := range map[string]func(*sample, int){
		"resident": func(s *sample, i int) { s.resident += float64(i) }, "heap": func(s *sample, i int) { s.heap += float64(i) / 2 },
		"goroutines": func(s *sample, i int) { s.goroutines += i }, "files": func(s *sample, i int) { s.files += i },
	} {
		all := slices.Clone(flat)
		for i := range all {
			grow(&all[i], i)
		}
		if got := grown(all); len(got) != 1 || !strings.Contains(got[0], name) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}
