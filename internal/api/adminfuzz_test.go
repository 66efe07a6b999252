package api

import (
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// FuzzHost looks for a name that passes for an address: what a page of somebody else's could go by.
func FuzzHost(f *testing.F) {
	for _, host := range []string{"127.0.0.1:8081", "[::1]:8081", "localhost", "127.0.0.1.evil.test", "[::1].evil.test:1", "2130706433", "[fe80::1%eth0]"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if !allowedHost(host, nil) {
			return
		}
		if _, err := netip.ParseAddrPort(host); err == nil {
			return
		}
		// A port may be left out, or be any number.
		name := host
		if at := strings.LastIndexByte(host, ':'); at > strings.LastIndexByte(host, ']') {
			name = host[:at]
		}
		if _, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")); err != nil {
			t.Errorf("%q is no address", host)
		}
	})
}

// FuzzListCursor holds that a cursor which is taken is one that was given out: it has one text.
func FuzzListCursor(f *testing.F) {
	f.Add(cursor('u', "ada"))
	f.Add(cursor('e', "0123456789abcdef"))
	f.Add("dWE=")
	f.Add("dWF\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []byte("use") {
			if place, err := openCursor(kind, text); err == nil && cursor(kind, place) != text {
				t.Errorf("%q is taken for %q, whose text is %q", text, place, cursor(kind, place))
			}
		}
	})
}

// FuzzListQuery holds what is read from the query of a list to the standard library's reading: no filter
// is lost, none is invented, and a limit is one.
func FuzzListQuery(f *testing.F) {
	for _, query := range []string{
		"", "limit=1", "limit=200", "limit=201", "limit=0", "limit=-1", "limit=+1", "limit=01", "limit=1e2", "limit=", "limit=1&limit=2", "limit=%31",
		"cursor=" + cursor('e', "0123456789abcdef"), "cursor=" + cursor('u', "ada"), "cursor=", "name=session.ended", "name=session", "name=",
		"user=01890a5d-ac96-774b-bcce-b302099a8057", "user=00000000-0000-0000-0000-000000000000", "user=", "session=AYkKXayWd0u8zrMCCZqAVw",
		"since=2026-01-02T03:04:05Z&until=2026-01-02T03:04:05.5%2B01:00", "since=0001-01-01T00:00:00Z", "since=2026-01-02", "until=", "since=2026-01-02T03:04:05+01:00",
		"%zz", "a;b",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return // the front has refused it
		}
		r := &http.Request{URL: &url.URL{Path: "/admin/audit", RawQuery: query}}
		if p, err := paged(r, 'e'); err != nil {
			wantQueryRefused(t, query, err)
		} else {
			wantSamePage(t, query, p, values)
		}
		if q, err := auditQuery(r); err != nil {
			wantQueryRefused(t, query, err)
		} else {
			wantSameFilters(t, query, q, values)
		}
	})
}

func wantQueryRefused(t *testing.T, query string, err error) {
	t.Helper()
	if auth.KindOf(err) != auth.InvalidRequest {
		t.Errorf("%q: got %v, want an invalid request", query, err)
	}
}

func wantSamePage(t *testing.T, query string, p page, values url.Values) {
	t.Helper()
	limit := defaultLimit
	if values.Has("limit") {
		limit, _ = strconv.Atoi(values.Get("limit"))
	}
	if p.limit != limit || p.limit < 1 || p.limit > maxLimit {
		t.Errorf("%q: a limit of %d", query, p.limit)
	}
	if (p.after != "") != values.Has("cursor") || p.after != "" && cursor('e', p.after) != values.Get("cursor") {
		t.Errorf("%q: after %q", query, p.after)
	}
}

func wantSameFilters(t *testing.T, query string, q audit.Query, values url.Values) {
	t.Helper()
	for name, given := range map[string]bool{"user": q.User != [16]byte{}, "session": q.Session != [16]byte{}, "name": q.Name != "",
		"since": !q.Since.IsZero(), "until": !q.Until.IsZero()} {
		if given != values.Has(name) {
			t.Errorf("%q: the filter %s: given is %t", query, name, given)
		}
	}
	if string(q.Name) != values.Get("name") {
		t.Errorf("%q: the name %q", query, q.Name)
	}
	for name, got := range map[string]time.Time{"since": q.Since, "until": q.Until} {
		if want, err := time.Parse(time.RFC3339, values.Get(name)); values.Has(name) && (err != nil || !want.Equal(got)) {
			t.Errorf("%q: %s is %v", query, name, got)
		}
	}
}
