//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// asking is a request to an operation, with whatever belongs to it and whatever does not.
type asking struct {
	operation
	at     string // the path that is asked
	header http.Header
	body   string
}

// sweep asks one process with marks, and looks for them in every answer.
type sweep struct {
	*marks
	admin   string // its listener
	public  string
	token   string // the admin token
	by      map[string]operation
	random  *rand.Rand
	client  *http.Client
	machine machine

	asked  map[string]int // :: operation → requests
	status map[int]int
	bytes  int // of answers that were searched
	hits   []hit
}

// gifts are members of an answer that hand out a secret by right, to whom it belongs; and the name of the
// member that a request should not have had, which its sender is told.
var gifts = []string{"access_token", "refresh_token", "token", "secret", "pointer"}

// do sends a request and searches its answer for all marks but those that it gives by right.
func (s *sweep) do(t testing.TB, a asking) (got answer) {
	t.Helper()
	listener := s.public
	if a.admin {
		listener = s.admin
	}
	q, err := http.NewRequestWithContext(t.Context(), a.method, "http://"+listener+a.at, strings.NewReader(a.body))
	if err != nil {
		t.Fatalf("%s: %v", a.id, err)
	}
	for name, values := range a.header {
		q.Header[name] = values
	}
	response, err := s.client.Do(q)
	if err != nil {
		t.Fatalf("%s: %v", a.id, err)
	}
	if got, err = readAnswer(response); err != nil {
		t.Fatalf("%s: %v", a.id, err)
	}
	s.asked[a.id]++
	s.status[got.status]++
	text := got.searched()
	s.bytes += len(text)
	s.hits = append(s.hits, s.find(fmt.Sprintf("the answer %d of %s", got.status, a.id), text)...)
	return got
}

// searched is the answer without what it hands out by right.
func (a answer) searched() []byte {
	var text bytes.Buffer
	body := a.body
	var members map[string]any
	if json.Unmarshal(body, &members) == nil {
		for _, gift := range gifts {
			delete(members, gift)
		}
		body, _ = json.Marshal(members) // what was JSON is JSON
	}
	if a.status < 300 {
		a.header.Del("Set-Cookie")
	}
	_ = a.header.Write(&text) // a buffer takes all
	text.Write(body)
	return text.Bytes()
}

// ask asks an operation as it wants to be asked. members are its body, or its form.
func (s *sweep) ask(t testing.TB, id, at, bearer string, members map[string]any) answer {
	t.Helper()
	return s.do(t, s.asking(t, id, at, bearer, members))
}

func (s *sweep) asking(t testing.TB, id, at, bearer string, members map[string]any) asking {
	t.Helper()
	op, known := s.by[id]
	if !known {
		t.Fatalf("the contract has no %s", id)
	}
	a := asking{operation: op, at: at, header: http.Header{"X-Forwarded-For": {s.address()}}}
	if a.at == "" {
		a.at = op.path
	}
	if op.admin {
		bearer = s.token
	}
	if bearer != "" {
		a.header.Set("Authorization", "Bearer "+bearer)
	}
	if members != nil {
		a.fill(op.media, members)
	}
	return a
}

// fill gives the request a body.
func (a *asking) fill(media string, members map[string]any) {
	a.header.Set("Content-Type", media)
	if media != "application/x-www-form-urlencoded" {
		text, _ := json.Marshal(members) // strings and lists of them
		a.body = string(text)
		return
	}
	form := url.Values{}
	for name, value := range members {
		form.Set(name, fmt.Sprint(value))
	}
	a.body = form.Encode()
}

// address is somebody's: nobody asks often enough from one to be told to wait.
func (s *sweep) address() string {
	return fmt.Sprintf("198.51.%d.%d", s.random.IntN(256), s.random.IntN(256))
}

// member is a text in an answer.
func (a answer) member(t testing.TB, name string) string {
	t.Helper()
	var members map[string]any
	_ = json.Unmarshal(a.body, &members)
	text, _ := members[name].(string)
	if text == "" {
		t.Fatalf("got %v, want an answer with %s", a, name)
	}
	return text
}

// places are where a secret gets by mistake, or by an attempt. Each says whether it fits the request.
var places = []func(s *sweep, a *asking, m mark) bool{
	func(_ *sweep, a *asking, m mark) bool { a.header.Set("Authorization", "Bearer "+m.text); return true },
	func(_ *sweep, a *asking, m mark) bool { a.header.Set("Authorization", m.text); return true },
	func(_ *sweep, a *asking, m mark) bool { a.header.Add("Authorization", "Bearer "+m.text); return true },
	func(s *sweep, a *asking, m mark) bool {
		a.header.Set("Authorization", basic(s.machine.ID, m.text))
		return true
	},
	func(_ *sweep, a *asking, m mark) bool { a.header.Set("Authorization", basic(m.text, "x")); return true },
	func(_ *sweep, a *asking, m mark) bool { a.header.Set("Cookie", "session="+m.text); return true },
	func(_ *sweep, a *asking, m mark) bool {
		a.header.Set("Cookie", "__Host-authd_refresh="+m.text)
		return true
	},
	func(s *sweep, a *asking, m mark) bool {
		name := []string{"token", "access_token", "password", "cursor", "wait", "limit", "q"}[s.random.IntN(7)]
		a.at += "?" + name + "=" + url.QueryEscape(m.text)
		return true
	},
	func(_ *sweep, a *asking, m mark) bool { a.at += "?" + url.QueryEscape(m.text); return true },
	func(_ *sweep, a *asking, m mark) bool { a.at += "/" + url.PathEscape(m.text); return true },
	func(_ *sweep, a *asking, m mark) bool { a.at = "/" + url.PathEscape(m.text); return true },
	func(_ *sweep, a *asking, m mark) bool {
		at := strings.IndexByte(a.path, '{')
		if at >= 0 {
			a.at = a.path[:at] + url.PathEscape(m.text) + a.path[strings.IndexByte(a.path, '}')+1:]
		}
		return at >= 0
	},
	func(s *sweep, a *asking, m mark) bool {
		name := []string{"Origin", "Referer", "Accept", "Content-Type", "Forwarded", "X-Forwarded-For", "If-None-Match",
			"Traceparent", "X-Api-Key", "Sec-Fetch-Site"}[s.random.IntN(10)]
		a.header.Set(name, m.text)
		return true
	},
	// What clients call themselves and their requests is theirs to choose, and is kept; but for what authd
	// can tell to be a credential of its own.
	func(s *sweep, a *asking, m mark) bool {
		a.header.Set([]string{"X-Request-Id", "User-Agent"}[s.random.IntN(2)], m.text)
		return m.kind == anAccessToken || m.kind == aRefreshToken || m.kind == aResetToken || m.kind == aClientSecret
	},
	func(_ *sweep, a *asking, m mark) bool {
		a.method = m.text
		return m.kind != aMasterKey && m.kind != aPassword // which have signs that no method has
	},
	func(s *sweep, a *asking, m mark) bool { // in a member of its own, all others being there
		if len(a.members) == 0 {
			return false
		}
		name := a.members[s.random.IntN(len(a.members))]
		if a.isLabel(name) {
			return false
		}
		members := map[string]any{name: m.text}
		for _, other := range a.members {
			if other != name {
				members[other] = "x"
			}
		}
		a.fill(a.media, members)
		return true
	},
	func(_ *sweep, a *asking, m mark) bool { // as the name of a member
		if a.media == "" {
			return false
		}
		a.fill(a.media, map[string]any{m.text: "x"})
		return true
	},
	func(_ *sweep, a *asking, m mark) bool { // as another type
		a.header.Set("Content-Type", "application/json")
		a.body = fmt.Sprintf(`{"username":[%q],"password":{"x":%q}}`, m.text, m.text)
		return true
	},
	func(_ *sweep, a *asking, m mark) bool { // broken off
		a.header.Set("Content-Type", "application/json")
		a.body = `{"username":"ada","password":"` + m.text
		return true
	},
	func(_ *sweep, a *asking, m mark) bool { // twice
		a.header.Set("Content-Type", "application/json")
		a.body = fmt.Sprintf(`{"password":%q,"password":%q}`, m.text, m.text)
		return true
	},
	func(_ *sweep, a *asking, m mark) bool { // as the body
		a.header.Set("Content-Type", "text/plain")
		a.body = m.text
		return true
	},
	func(_ *sweep, a *asking, m mark) bool { // in a form
		a.fill("application/x-www-form-urlencoded", map[string]any{"grant_type": "refresh_token", "refresh_token": m.text, "token": m.text})
		return true
	},
	func(_ *sweep, a *asking, m mark) bool { // in a form, twice
		a.header.Set("Content-Type", "application/x-www-form-urlencoded")
		a.body = "token=" + url.QueryEscape(m.text) + "&token=" + url.QueryEscape(m.text)
		return true
	},
}

func basic(id, secret string) string {
	q := &http.Request{Header: http.Header{}}
	q.SetBasicAuth(id, secret)
	return q.Header.Get("Authorization")
}

// misplace sends a secret to an operation, at a place where it does not belong.
func (s *sweep) misplace(t testing.TB, a asking, m mark) {
	t.Helper()
	for {
		try := a
		try.header = a.header.Clone()
		if places[s.random.IntN(len(places))](s, &try, m) {
			s.do(t, try)
			return
		}
	}
}

// all is everything that a list of the operators has, page by page.
func (s *sweep) all(t testing.TB, id string) {
	t.Helper()
	for at := s.by[id].path; at != ""; {
		got := s.ask(t, id, at, "", nil)
		var page struct {
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal(got.body, &page); err != nil || got.status != http.StatusOK {
			t.Fatalf("%s: got %v", id, got)
		}
		if at = ""; page.Next != "" {
			at = s.by[id].path + "?cursor=" + url.QueryEscape(page.Next)
		}
	}
}

// perOperation says how often each operation was asked, in the contract's order of ids.
func perOperation(w io.Writer, ops []operation, all ...*sweep) {
	fmt.Fprintln(w, "| operation | requests |\n|---|---|")
	for _, op := range ops {
		sum := 0
		for _, s := range all {
			sum += s.asked[op.id]
		}
		fmt.Fprintf(w, "| `%s` | %d |\n", op.id, sum)
	}
}

func kindsOf(m *marks) (counts map[string]int, names []string) {
	counts = make(map[string]int)
	for _, kind := range m.kinds {
		counts[kind]++
	}
	for kind := range counts {
		names = append(names, kind)
	}
	slices.Sort(names)
	return counts, names
}
