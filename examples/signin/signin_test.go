package main

import (
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
