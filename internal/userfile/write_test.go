package userfile

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

func users(t testing.TB) []accounts.Credentials {
	t.Helper()
	id, err := auth.ParseUserID(uuid)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2015, 3, 1, 12, 0, 0, 123456000, time.UTC)
	return []accounts.Credentials{
		{PasswordHash: hash, User: accounts.User{ID: id, Username: `a"n,n=語`, Roles: []string{"a", "b,c"}, CreatedAt: at, DisabledAt: at.Add(time.Hour), Epoch: 7}},
		{PasswordHash: hash, User: accounts.User{ID: id, Username: "ben", CreatedAt: at}},
	}
}

func exported(t testing.TB, format Format, hashes bool) string {
	t.Helper()
	var out strings.Builder
	w, err := NewWriter(&out, format, hashes)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range users(t) {
		if err := w.Write(u); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	for format, first := range map[Format]int{CSV: 2, NDJSON: 1} {
		file := exported(t, format, true)
		r, err := NewReader(strings.NewReader(file), format)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range users(t) {
			line, err := r.Next()
			got := line.User
			if err != nil || line.Reason != "" || line.Number != first+i || got.Username != want.Username || got.ID != want.ID ||
				got.PasswordHash.Reveal() != hash || strings.Join(got.Roles, "|") != strings.Join(want.Roles, "|") ||
				!got.CreatedAt.Equal(want.CreatedAt) || got.Disabled == want.DisabledAt.IsZero() || !got.DisabledAt.Equal(want.DisabledAt) {
				t.Errorf("%s: got %+v, %v, want %+v", format, line, err, want)
			}
		}
	}
}

func TestHashesAreWrittenForWhoAsksForThem(t *testing.T) {
	t.Parallel()
	for format, want := range map[Format]string{
		CSV: "username,id,roles,created_at,disabled,disabled_at\n" +
			`"a""n,n=語",` + uuid + `,"a b,c",2015-03-01T12:00:00.123456Z,true,2015-03-01T13:00:00.123456Z` + "\n" +
			"ben," + uuid + ",,2015-03-01T12:00:00.123456Z,false,\n",
		NDJSON: `{"username":"a\"n,n=語","id":"` + uuid + `","roles":["a","b,c"],"created_at":"2015-03-01T12:00:00.123456Z","disabled":true,"disabled_at":"2015-03-01T13:00:00.123456Z"}` + "\n" +
			`{"username":"ben","id":"` + uuid + `","roles":[],"created_at":"2015-03-01T12:00:00.123456Z","disabled":false}` + "\n",
	} {
		if got := exported(t, format, false); got != want {
			t.Errorf("%s: got\n%swant\n%s", format, got, want)
		}
		if got := exported(t, format, true); strings.Count(got, hash) != 2 {
			t.Errorf("%s, with hashes: got\n%s", format, got)
		}
	}
}

func TestAWriterThatFailsSaysSo(t *testing.T) {
	t.Parallel()
	for _, format := range []Format{CSV, NDJSON} {
		reader, pipe := io.Pipe()
		reader.Close()
		w, err := NewWriter(pipe, format, true)
		for err == nil {
			if err = w.Write(users(t)[0]); err == nil {
				err = w.Flush()
			}
		}
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: got %v", format, err)
		}
	}
	if _, err := NewWriter(io.Discard, "xml", true); err == nil {
		t.Error("there is a writer of xml")
	}
}
