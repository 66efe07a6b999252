package api

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/authd/authd/internal/auth"
)

// FuzzBodies holds the decoder of every route to what the standard library's older parser finds in the
// same bytes: what we accept must be one object in valid UTF-8 that it reads in the same way. Two
// parsers that differ are the whole danger, so ours may refuse more, and nothing else.
func FuzzBodies(f *testing.F) {
	for _, taker := range takers {
		f.Add([]byte(taker.good))
		for _, bad := range badBodies {
			f.Add([]byte(bad.spoil(taker.good, taker.member)))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for name, members := range bodies() {
			target := members.into
			err := parse(text, target)
			if err != nil {
				wantInvalidRequest(t, name, err)
				continue
			}
			wantSameReading(t, name, text, members.texts)
		}
	})
}

type taken struct {
	into  body
	texts map[string]*text
}

// bodies returns a fresh body for each route, with its members by name.
func bodies() map[string]taken {
	r, c, o, e := &registration{}, &credentials{}, &rotation{}, &ending{}
	p, s, d := &passwordChange{}, &passwordReset{}, &deletion{}
	return map[string]taken{
		"/register": {r, map[string]*text{"username": &r.Username, "password": &r.Password}},
		"/login":    {c, map[string]*text{"username": &c.Username, "password": &c.Password, "device": &c.Device}},
		"/refresh":  {o, map[string]*text{"refresh_token": &o.RefreshToken}},
		"/logout":   {e, map[string]*text{"refresh_token": &e.RefreshToken, "scope": &e.Scope}},

		"/password":       {p, map[string]*text{"current_password": &p.Current, "new_password": &p.New}},
		"/password/reset": {s, map[string]*text{"token": &s.Token, "new_password": &s.New}},
		"/me/delete":      {d, map[string]*text{"password": &d.Password}},
	}
}

func wantInvalidRequest(t *testing.T, name string, err error) {
	t.Helper()
	var e *auth.Error
	if !errors.As(err, &e) || e.Kind != auth.InvalidRequest || e.Code != "invalid_request" || e.Public == "" {
		t.Errorf("%s: got %#v, want an invalid request", name, err)
	}
}

func wantSameReading(t *testing.T, name string, text []byte, got map[string]*text) {
	t.Helper()
	if !utf8.Valid(text) {
		t.Errorf("%s: accepted bytes that are not UTF-8: %q", name, text)
	}
	var want map[string]*string
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatalf("%s: accepted %q, which the standard library refuses: %v", name, text, err)
	}
	for member, value := range want {
		if got[member] == nil || value == nil || got[member].value != *value || !got[member].given {
			t.Errorf("%s: %q: member %q differs", name, text, member)
		}
	}
	for member, value := range got {
		if value.given != (want[member] != nil) {
			t.Errorf("%s: %q: member %q: given is %v", name, text, member, value.given)
		}
		// U+FFFD may be typed; as a stand-in for what could not be read it makes two passwords one (E7).
		if strings.ContainsRune(value.value, utf8.RuneError) &&
			!strings.ContainsRune(string(text), utf8.RuneError) && !strings.Contains(strings.ToLower(string(text)), `\ufffd`) {
			t.Errorf("%s: %q: member %q was repaired", name, text, member)
		}
	}
}
