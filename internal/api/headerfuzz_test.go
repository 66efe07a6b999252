package api

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/authd/authd/internal/auth"
)

func withHeader(name, value string) *http.Request {
	return &http.Request{Header: http.Header{name: {value}}}
}

var bearerForm = regexp.MustCompile(`^(?i:bearer) ([A-Za-z0-9._~+/-]+=*)$`)

// FuzzBearer: what is taken for a token has the one form that RFC 6750 gives it.
func FuzzBearer(f *testing.F) {
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer x", "bearer a.b.c", "Bearer  x", "Bearer x y", "Bearer x, Basic y", "Bearer =", "Bearer x=", "Bearer x=y",
		"Basic x", "Bearer\tx", "Bearer x\n", "Bearer ü", "ＢEARER x"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, err := bearer(withHeader("Authorization", header))
		form := bearerForm.FindStringSubmatch(header)
		if (err == nil) != (form != nil) {
			t.Fatalf("%q: got %q, %v", header, token, err)
		}
		if err != nil && (auth.KindOf(err) != auth.InvalidRequest || token != "") {
			t.Errorf("%q: got %q, %v", header, token, err)
		}
		if err == nil && token != form[1] {
			t.Errorf("%q: got %q, want %q", header, token, form[1])
		}
	})
}

var jsonForm = regexp.MustCompile(`^(?i:application/json)[ \t]*(;[ \t]*(?i:charset)=("(?i:utf-8)"|(?i:utf-8))[ \t]*)?(;[ \t]*)?$`)

// FuzzMediaType: a body that is taken for JSON in UTF-8 says so, and nothing besides (F7).
func FuzzMediaType(f *testing.F) {
	for _, header := range []string{"", "application/json", "APPLICATION/JSON", "application/json; charset=utf-8", `application/json;charset="UTF-8"`,
		"application/json; charset=utf-16", "application/json; charset=utf-8; charset=utf-7", "application/json; q=1", "application/json;", "text/json",
		"application/json, text/plain", "application/json\x00", " application/json", "application/json; charset*=utf-8''utf-8", "application/jsonp", "multipart/form-data; boundary=x"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		x := &exchange{ResponseWriter: httptest.NewRecorder()}
		err := checkMediaType(x, withHeader("Content-Type", header), mediaJSON)
		if err == nil && !jsonForm.MatchString(strings.TrimSpace(header)) {
			t.Errorf("%q is taken for JSON", header)
		}
		if err != nil && (auth.KindOf(err) != auth.UnsupportedMediaType || x.Header().Get("Accept") != mediaJSON) {
			t.Errorf("%q: got %v, and the answer says %q", header, err, x.Header().Get("Accept"))
		}
	})
}

var longRun = regexp.MustCompile(`[A-Za-z0-9_-]{32,}`)

// hasSecretForm says by other means what [looksSecret] does.
func hasSecretForm(text string) bool {
	return slices.ContainsFunc(longRun.FindAllString(text, -1), func(run string) bool {
		return strings.ToUpper(run) != run && strings.ToLower(run) != run && strings.ContainsAny(run, "0123456789")
	})
}

var (
	idForm   = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	madeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`)
)

// FuzzRequestID: what is taken over from a header can break neither a line of the log nor a terminal (F25);
// anything else is replaced.
func FuzzRequestID(f *testing.F) {
	for _, header := range []string{"", "req-1", "a b", "\x1b[31m", "a\nb", strings.Repeat("a", 64), strings.Repeat("a", 65), "ü", "../..", "%0a",
		"0000000000000000000000000000000A00000000000000a", "aA0" + strings.Repeat("_", 28), "aA0" + strings.Repeat("_", 29), "aA0." + strings.Repeat("x", 40)} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		id, err := requestID(withHeader("X-Request-Id", header), &idBlocks{random: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		if taken := idForm.MatchString(header) && !hasSecretForm(header); taken != (id == header) || id != header && !madeForm.MatchString(id) {
			t.Errorf("%q became %q", header, id)
		}
	})
}

// FuzzShownTexts: the names of browsers and devices are stored and shown, so they are text on one line, of
// a bounded length, and cleaning them again changes nothing.
func FuzzShownTexts(f *testing.F) {
	for _, text := range []string{"", "Mozilla/5.0 (X11)", "a\nb", "\x1b[2J", "\xff\xfe", " phone ", strings.Repeat("ü", 200), strings.Repeat("a", 127) + "ü", "\u0085", "\u2028", "\ufffd",
		"a A0" + strings.Repeat("x", 40), "aA0" + strings.Repeat("x", 20) + "\xff" + strings.Repeat("y", 20)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		agent := cleanUserAgent(text)
		if !utf8.ValidString(agent) || len(agent) > maxUserAgent || strings.ContainsFunc(agent, unicode.IsControl) || cleanUserAgent(agent) != agent || hasSecretForm(agent) {
			t.Errorf("%q is cleaned to %q", text, agent)
		}
		if utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }) &&
			!strings.HasPrefix(text, agent) {
			t.Errorf("%q, which is clean, is changed to %q", text, agent)
		}
		device, err := cleanDevice(text)
		if err != nil {
			if auth.KindOf(err) != auth.InvalidRequest || device != "" {
				t.Errorf("%q: got %q, %v", text, device, err)
			}
		} else if len(device) > maxDevice || strings.ContainsFunc(device, unicode.IsControl) || device != strings.TrimSpace(text) || hasSecretForm(device) {
			t.Errorf("%q is the device %q", text, device)
		}
	})
}
