package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// service is something that answers JSON over HTTP.
type service struct {
	name string // as the timeline has it
	url  string
}

// answer is what came back, and when.
type answer struct {
	status int
	body   []byte
	took   time.Duration
}

// tokens is the part of a token pair that a client keeps.
type tokens struct {
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token"`
	ExpiresIn int    `json:"expires_in"`
}

// refusal is the part of a problem (RFC 9457) that a client acts on.
type refusal struct {
	Code string `json:"code"`
}

// call sends a request. A body is sent as JSON; bearer is an access token, or empty.
func (s service) call(ctx context.Context, method, path, bearer string, body any) (a answer, err error) {
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return a, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(text))
	if err != nil {
		return a, err
	}
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	began := time.Now()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	a.status = response.StatusCode
	a.body, err = io.ReadAll(response.Body)
	a.took = time.Since(began)
	return a, err
}

// want is call for an answer that can only be one.
func (s service) want(ctx context.Context, status int, method, path, bearer string, body any) (answer, error) {
	a, err := s.call(ctx, method, path, bearer, body)
	if err == nil && a.status != status {
		err = fmt.Errorf("%s %s%s: got %d, want %d: %s", method, s.name, path, a.status, status, a.body)
	}
	return a, err
}

// decode reads an answer's body.
func decode[T any](a answer) (v T, err error) {
	err = json.Unmarshal(a.body, &v)
	return v, err
}

// refused asks again and again from one moment on, until the service says no. It returns how long that
// took and how many answers were still yes. Later than a second is a claim that does not hold.
func (s service) refused(ctx context.Context, since time.Time, path, bearer string) (after time.Duration, passed int, err error) {
	const bound = time.Second
	for {
		a, err := s.call(ctx, http.MethodGet, path, bearer, nil)
		after = time.Since(since)
		switch {
		case err != nil:
			return after, passed, err
		case a.status == http.StatusUnauthorized && after <= bound:
			return after, passed, nil
		case after > bound:
			return after, passed, fmt.Errorf("%s still answers %d after %v: not within a second", s.name, a.status, after)
		case a.status != http.StatusOK:
			return after, passed, errors.Join(fmt.Errorf("%s answers %d", s.name, a.status), errors.New(string(a.body)))
		}
		passed++
	}
}
