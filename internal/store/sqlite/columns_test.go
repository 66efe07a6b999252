package sqlite

import (
	"path/filepath"
	"testing"
	"time"
)

// H11: a time is kept as microseconds since 1970, whatever zone it came in, and cut, never rounded: a
// time rounded up could lie in the future.
func TestTimesAreKeptAsMicrosecondsOfUTC(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	zone := time.FixedZone("west", -9*3600)
	s.now = func() time.Time { return time.Date(2038, 1, 19, 3, 14, 8, 123_456_999, zone) }
	user := userNamed("ann")
	createdAt, err := s.CreateUser(t.Context(), user, "hash")
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2038, 1, 19, 12, 14, 8, 123_456_000, time.UTC)
	if createdAt != want {
		t.Errorf("created at %v, want %v", createdAt, want)
	}
	if got := s.count(t, "select created_at from users"); got != want.UnixMicro() {
		t.Errorf("the column has %d, want %d", got, want.UnixMicro())
	}
	read, _, err := s.UserByID(t.Context(), user.ID)
	if err != nil || read.CreatedAt != want {
		t.Errorf("read as %v, error %v, want %v", read.CreatedAt, err, want)
	}
}

// A column that does not hold what its type can hold is an error, and no zero value.
func TestAColumnThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	var generation uint32
	var version uint8
	var mark uint64
	var at timeColumn
	for _, c := range []struct {
		name  string
		scan  func(any) error
		value any
		fails bool
	}{
		{"a generation of 33 bits", uintColumn[uint32]{&generation}.Scan, int64(1 << 32), true},
		{"the greatest generation", uintColumn[uint32]{&generation}.Scan, int64(1<<32 - 1), false},
		{"a negative version", uintColumn[uint8]{&version}.Scan, int64(-1), true},
		{"a mark with the top bit", uintColumn[uint64]{&mark}.Scan, int64(-1), false},
		{"a time in text", at.Scan, "2026-01-01", true},
		{"a hash cut short", bytesColumn(make([]byte, 32)).Scan, make([]byte, 31), true},
		{"a hash in text", bytesColumn(make([]byte, 32)).Scan, "text", true},
		{"no hash", bytesColumn(make([]byte, 32)).Scan, nil, false},
		{"an address of a name", new(addressColumn).Scan, "example.com", true},
	} {
		if err := c.scan(c.value); (err != nil) != c.fails {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
	if mark != 1<<64-1 {
		t.Errorf("the mark is %#x", mark)
	}
}
