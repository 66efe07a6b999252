package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// formTakers are the routes of OAuth, with a form that each takes.
var formTakers = map[string]string{
	"/oauth/token":      "grant_type=client_credentials",
	"/oauth/introspect": "token=x",
	"/oauth/revoke":     "token=x",
}

func TestAFormIsReadInOneWay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]form{
		"":                               {},
		"a=b":                            {"a": "b"},
		"a=b&c=d":                        {"a": "b", "c": "d"},
		"a=b&&c=d&":                      {"a": "b", "c": "d"},
		"a=&c":                           {}, // without a value: left out
		"a=b=c":                          {"a": "b=c"},
		"a+b=c+d":                        {"a b": "c d"},
		"%61=%62%2B%26%3D":               {"a": "b+&="},
		"a=%C3%BC":                       {"a": "ü"},
		"a=ü":                            {"a": "ü"},
		"A=1&a=2":                        {"A": "1", "a": "2"},
		"__proto__=x&constructor=%7B%7D": {"__proto__": "x", "constructor": "{}"},
	} {
		got, err := parseForm(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

// badForms can be read in two ways, or in none.
var badForms = []string{
	"grant_type=password&grant_type=client_credentials", // F12
	"token=a&token=b", "token=a&token=a", "token=&token=a", "%74oken=a&token=b", "unknown=1&unknown=2", "scope&scope",
	"token=%", "token=%2", "token=%zz", "tok%en=a", "token=%u0041",
	"token=%00", "token=a%00b", "%00=a", "token=\x00",
	"token=%ff", "token=\xff", "token=%c0%af", "token=%ed%a0%80", "%ff=a",
	"=a", "=", "token=a&=b",
}

func TestAFormThatCanBeReadInTwoWaysIsNotRead(t *testing.T) { // F12
	t.Parallel()
	handler, _ := brokenHandler(t, broken{}) // whatever reaches a service is answered 200
	for path := range formTakers {
		for _, bad := range badForms {
			do(t, handler, submit(path, bad).basic("x", "y")).refused(t, http.StatusBadRequest, "invalid_request", "invalid_request")
		}
	}
}

func TestTheMediaTypeOfOAuthIsAForm(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for path, good := range formTakers {
		for _, contentType := range []string{mediaForm, mediaForm + "; charset=utf-8", mediaForm + `;charset="UTF-8"`, "Application/X-WWW-Form-URLencoded"} {
			c := submit(path, good).basic("x", "y")
			c.header.Set("Content-Type", contentType)
			if a := do(t, handler, c); a.status != http.StatusOK {
				t.Errorf("%s as %s: got %d %s", path, contentType, a.status, a.body)
			}
		}
		for _, contentType := range []string{"", "application/json", "text/plain", "multipart/form-data; boundary=x",
			mediaForm + "; charset=latin1", mediaForm + "; version=1", mediaForm + ", text/plain"} {
			c := submit(path, good).basic("x", "y")
			c.header.Set("Content-Type", contentType)
			a := do(t, handler, c)
			a.refused(t, http.StatusUnsupportedMediaType, "invalid_request", "unsupported_media_type")
			if got := a.header.Get("Accept"); got != mediaForm {
				t.Errorf("%s as %q: Accept: got %q", path, contentType, got)
			}
		}
		a := do(t, handler, submit(path, good).basic("x", "y").with("Content-Encoding", "gzip"))
		a.refused(t, http.StatusUnsupportedMediaType, "invalid_request", "unsupported_media_type")
	}
}

func TestAFormMayHave16KiB(t *testing.T) { // F1
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for path, good := range formTakers {
		full := good + "&x=" + strings.Repeat("y", maxBody-len(good)-3)
		if a := do(t, handler, submit(path, full).basic("x", "y")); a.status != http.StatusOK {
			t.Errorf("%s: got %d %s", path, a.status, a.body)
		}
		a := do(t, handler, submit(path, full+"y").basic("x", "y"))
		a.refused(t, http.StatusRequestEntityTooLarge, "invalid_request", "body_too_large")
		if got := a.header.Get("Connection"); got != "close" {
			t.Errorf("%s: Connection: got %q", path, got)
		}
	}
}

func TestNothingOfOAuthStandsInAnAddress(t *testing.T) { // B24, I2
	t.Parallel()
	handler, log := brokenHandler(t, broken{})
	for path, good := range formTakers {
		for _, query := range []string{"grant_type=client_credentials", "x=SECRET", "scope=SECRET", "client_id=SECRET"} {
			do(t, handler, submit(path+"?"+query, good).basic("x", "y")).refused(t, http.StatusBadRequest, "invalid_request", "invalid_request")
		}
	}
	if strings.Contains(log.String(), "SECRET") {
		t.Errorf("the query is in the log: %s", log)
	}
}

func TestAMissingParameterIsNamed(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for _, test := range []struct{ path, body, name string }{
		{"/oauth/token", "", "grant_type"},
		{"/oauth/token", "grant_type=", "grant_type"},
		{"/oauth/token", "grant_type=refresh_token", "refresh_token"},
		{"/oauth/token", "grant_type=refresh_token&refresh_token=", "refresh_token"},
		{"/oauth/introspect", "token_type_hint=access_token", "token"},
		{"/oauth/revoke", "token=", "token"},
	} {
		c := submit(test.path, test.body).basic("x", "y")
		e := do(t, handler, c).refused(t, http.StatusBadRequest, "invalid_request", "invalid_request")
		if want := "The parameter " + test.name + " is required."; e.ErrorDescription != want {
			t.Errorf("%s %s: got %q, want %q", test.path, test.body, e.ErrorDescription, want)
		}
	}
}
