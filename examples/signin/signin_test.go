package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

const testAuthd = "https://login.example.com"

func getPage(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	handler, err := pageHandler(testAuthd)
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
	return recorder
}

// What is said when it serves has both addresses in it.
var serving = regexp.MustCompile(`open (\S+) \(authd is at (\S+)\)`)

func TestItRunsWithNothingSetUp(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and starts authd")
	}
	ctx, stop := context.WithCancel(t.Context())
	out, told := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(run(ctx, config{addr: "127.0.0.1:0"}, told), told.Close()) }()
	var found []string
	for lines := bufio.NewScanner(out); found == nil && lines.Scan(); {
		found = serving.FindStringSubmatch(lines.Text())
	}
	if found == nil {
		t.Fatal(<-ended)
	}
	page, authd := found[1], found[2]
	for method, want := range map[string]int{http.MethodOptions: http.StatusNoContent, http.MethodPost: http.StatusUnauthorized} {
		request, err := http.NewRequestWithContext(ctx, method, authd+"/refresh", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", page)
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if got := answer.Header.Get("Access-Control-Allow-Origin"); answer.StatusCode != want || got != page {
			t.Errorf("%s: got %d for %q, want %d for %q", method, answer.StatusCode, got, want, page)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestThePageMayTalkToAuthdAndRunsNothingOfOthers(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/app.js", "/session.js", "/style.css", "/mark.svg", "/nowhere"} {
		got := getPage(t, path).Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src " + testAuthd + ";", "frame-ancestors 'none'", "form-action 'none'"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: the policy %q has no %s", path, got, want)
			}
		}
		if strings.Contains(got, "unsafe") || strings.Contains(got, "*") {
			t.Errorf("%s: the policy is open: %s", path, got)
		}
	}
}

// What the policy would refuse, and what makes text into markup, is not even tried.
func TestNothingInThePageIsInline(t *testing.T) {
	t.Parallel()
	index := getPage(t, "/").Body.String()
	for _, inline := range []string{`<script>`, `<style`, ` style="`, ` on[a-z]+="`, `javascript:`} {
		if found := regexp.MustCompile(inline).FindString(index); found != "" {
			t.Errorf("index.html has %s", found)
		}
	}
	for _, name := range []string{"page/app.js", "page/session.js"} {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		if found := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|localStorage|sessionStorage`).Find(text); found != nil {
			t.Errorf("%s has %s", name, found)
		}
	}
}

func TestThePageKnowsItsAuthdAndLabelsItsFields(t *testing.T) {
	t.Parallel()
	index := getPage(t, "/").Body.String()
	for _, want := range []string{`content="` + testAuthd + `"`, `lang="en"`, `autocomplete="username"`, `autocomplete="current-password"`} {
		if !strings.Contains(index, want) {
			t.Errorf("index.html has no %s", want)
		}
	}
	for _, field := range regexp.MustCompile(`<input id="([a-z]+)"`).FindAllStringSubmatch(index, -1) {
		if !strings.Contains(index, `<label for="`+field[1]+`">`) {
			t.Errorf("the field %s has no label", field[1])
		}
	}
}
