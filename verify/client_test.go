package verify

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// get closes idle connections after a failure. Those of a service that shares http.DefaultTransport with
// the verifier are not the verifier's to close.
func TestAClientWithoutATransportGetsOneOfItsOwn(t *testing.T) {
	t.Parallel()
	for what, given := range map[string]*http.Client{"none": nil, "an empty one": {}} {
		if got := newClient(given).Transport; got == nil || got == http.DefaultTransport {
			t.Errorf("%s: the transport is %v", what, got)
		}
	}
	own := &http.Transport{}
	if got := newClient(&http.Client{Transport: own}).Transport; got != own {
		t.Errorf("the transport is %v, want the one that was given", got)
	}
}

// However much is sent, and however little of it was needed for that, no more is kept than an answer of
// authd's can have.
func TestAnAnswerWithoutEndIsRefused(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	for what, serve := range map[string]func(http.ResponseWriter){
		"plain": func(w http.ResponseWriter) {
			for zeros := make([]byte, 64<<10); ; {
				if _, err := w.Write(zeros); err != nil {
					return
				}
			}
		},
		"compressed": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for zeros := make([]byte, 64<<10); ; {
				if _, err := z.Write(zeros); err != nil {
					return
				}
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { serve(w) }))
			defer server.Close()
			_, err := get(t.Context(), newClient(nil), request{url: server.URL, within: time.Minute, limit: limit})
			if !errors.Is(err, errTooLarge) {
				t.Errorf("got %v, want errTooLarge", err)
			}
		})
	}
}

func TestNoMoreThanTheLimitIsKept(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 4096, 99_999, 100_000} {
		got, err := readAll(io.LimitReader(zeros{}, int64(n)), nil, 100_000)
		if err != nil || len(got) != n {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
	}
	if got, err := readAll(io.LimitReader(zeros{}, 100_001), make([]byte, 0, 1<<20), 100_000); !errors.Is(err, errTooLarge) || got != nil {
		t.Errorf("one too many: got %d, %v", len(got), err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
