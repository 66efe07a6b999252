package api

import (
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"
)

// nowhere is a ResponseWriter that costs nothing.
type nowhere http.Header

func (n nowhere) Header() http.Header         { return http.Header(n) }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

func benchHandler(b *testing.B, handler http.Handler) {
	r, err := http.NewRequest("GET", "/.well-known/jwks.json", nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(nowhere{}, r)
	}
}

func BenchmarkBareChi(b *testing.B) {
	mux := chi.NewRouter()
	body := []byte(`{"keys":[]}`)
	mux.Get("/.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = w.Write(body)
	})
	benchHandler(b, mux)
}

func BenchmarkJWKS(b *testing.B) {
	handler, err := New(broken{}.config(slog.New(slog.NewJSONHandler(io.Discard, nil))))
	if err != nil {
		b.Fatal(err)
	}
	benchHandler(b, handler)
}
