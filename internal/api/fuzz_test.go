package api

import (
	"encoding/json"
	"errors"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/authd/authd/internal/auth"
)

// bodies returns a fresh body for each operation that takes JSON.
func bodies() map[string]body {
	return map[string]body{
		"POST /register":          &registration{},
		"POST /login":             &credentials{},
		"POST /refresh":           &rotation{},
		"POST /logout":            &ending{},
		"POST /password":          &passwordChange{},
		"POST /password/reset":    &passwordReset{},
		"POST /me/delete":         &deletion{},
		"POST /admin/users":       &userCreation{},
		"PATCH /admin/users/{id}": &userChange{},
		"POST /admin/revocations": &tokenRevocation{},
		"POST /admin/clients":     &clientCreation{},
	}
}

// What the contract lets be sent is what must be fuzzed.
func TestEveryBodyOfTheContractIsFuzzed(t *testing.T) {
	t.Parallel()
	for path, item := range mustContract(t).doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.RequestBody == nil {
				continue
			}
			for mediaType := range operation.RequestBody.Value.Content {
				name := method + " " + path
				_, isBody := bodies()[name]
				_, isForm := formTakers[path]
				if mediaType == mediaJSON && !isBody || mediaType == mediaForm && !isForm || mediaType != mediaJSON && mediaType != mediaForm {
					t.Errorf("%s takes %s, and no fuzz target sends it", name, mediaType)
				}
			}
		}
	}
}

// mostPerBody bounds what reading a body may allocate: a multiple of the text, and what errors need.
const mostPerBody, mostPerByte = 16 << 10, 32

// FuzzBodies holds the decoder of every route to what the standard library's older parser finds in the
// same bytes: what we accept must be one object in valid UTF-8 that it reads in the same way. Two
// parsers that differ are the whole danger, so ours may refuse more, and nothing else. A refusal says
// nothing but sentences of ours, and reading never allocates more than the body is worth (F6).
func FuzzBodies(f *testing.F) {
	for _, taker := range takers {
		f.Add([]byte(taker.good))
		for _, bad := range badBodies {
			f.Add([]byte(bad.spoil(taker.good, taker.member)))
		}
	}
	for _, text := range []string{`{"username":"ada","password":"x","roles":["a","\u00fc"]}`, `{"disabled":true,"roles":[]}`, `{"disabled":"true"}`,
		`{"roles":"a"}`, `{"roles":["a",1]}`, `{"roles":[["a"]]}`, `{"roles":[null]}`, `{"roles":["\ud800"]}`, `{"disabled":null}`, `{"disabled":1}`, `{"roles":["a"`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var before, after runtime.MemStats
		all := bodies()
		faults := make(map[string]error, len(all))
		runtime.ReadMemStats(&before)
		for name, into := range all {
			faults[name] = parse(text, into)
		}
		runtime.ReadMemStats(&after)
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(len(all)*(mostPerBody+mostPerByte*len(text))); got > most {
			t.Errorf("%d bytes were allocated to read %d bytes %d times, want at most %d", got, len(text), len(all), most)
		}
		for name, into := range all {
			if err := faults[name]; err != nil {
				wantInvalidRequest(t, name, err)
				continue
			}
			wantSameReading(t, name, text, into)
		}
	})
}

// bodySentences are all that a refusal of a body may say.
var bodySentences = []string{
	"The body must be a JSON object.", "This member is required.", "This member is there twice.", "The body is not valid JSON in UTF-8.",
	"There is no such member. Case counts.", "This member must be true or false.", "This member must be a list of strings.",
	"This member must be a string.", "The body is not valid JSON.",
	"The body is not a well-formed form in UTF-8.", "A parameter is there twice.",
}

func wantInvalidRequest(t *testing.T, name string, err error) {
	t.Helper()
	var e *auth.Error
	if !errors.As(err, &e) || e.Kind != auth.InvalidRequest || e.Code != "invalid_request" || !slices.Contains(bodySentences, e.Public) || e.Err != nil {
		t.Errorf("%s: got %#v, want an invalid request in one of our sentences", name, err)
	}
}

// wantSameReading compares what stands in a body with what the standard library finds in its text.
func wantSameReading(t *testing.T, name string, text []byte, got body) {
	t.Helper()
	if !utf8.Valid(text) {
		t.Errorf("%s: accepted bytes that are not UTF-8: %q", name, text)
	}
	var want map[string]json.RawMessage
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatalf("%s: accepted %q, which the standard library refuses: %v", name, text, err)
	}
	fields := reflect.ValueOf(got).Elem()
	for i := range fields.NumField() {
		member := fields.Type().Field(i).Tag.Get("json")
		raw, there := want[member]
		delete(want, member)
		value, given := readOf(fields.Field(i).Addr().Interface())
		if given != there {
			t.Errorf("%s: %q: member %q: given is %v", name, text, member, given)
		}
		if there && !sameAs(value, raw) {
			t.Errorf("%s: %q: member %q: read as %q", name, text, member, value)
		}
		wantNoRepair(t, name, member, text, value)
	}
	for member := range want {
		t.Errorf("%s: %q: accepted the member %q", name, text, member)
	}
}

// readOf returns what a member's type has read.
func readOf(member any) (value any, given bool) {
	switch m := member.(type) {
	case *text:
		return m.value, m.given
	case *boolean:
		return m.value, m.given
	case *texts:
		return m.values, m.given
	}
	panic("a type of member that no fuzz target knows")
}

// sameAs reports whether the standard library reads value from raw, and not by passing over a null.
func sameAs(value any, raw json.RawMessage) bool {
	want := reflect.New(reflect.TypeOf(value))
	err := json.Unmarshal(raw, want.Interface())
	return err == nil && string(raw) != "null" && reflect.DeepEqual(value, want.Elem().Interface())
}

// wantNoRepair: U+FFFD may be typed; as a stand-in for what could not be read it makes two passwords one
// (E7).
func wantNoRepair(t *testing.T, name, member string, text []byte, value any) {
	t.Helper()
	typed := strings.ContainsRune(string(text), utf8.RuneError) || strings.Contains(strings.ToLower(string(text)), `\ufffd`)
	var read []string
	switch value := value.(type) {
	case string:
		read = []string{value}
	case []string:
		read = value
	}
	if strings.ContainsRune(strings.Join(read, ""), utf8.RuneError) && !typed {
		t.Errorf("%s: %q: member %q was repaired", name, text, member)
	}
}
