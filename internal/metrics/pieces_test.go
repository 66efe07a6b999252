package metrics

import (
	"io"
	"testing"

	"github.com/authd/authd/internal/pieces"
)

// ofMetrics is what every request is counted by, and the page of a service with as many series as authd has.
func ofMetrics() []pieces.Piece {
	r := &Registry{}
	counters := r.Counters("requests_total", "Requests.", "method", "route", "status")
	histograms := r.Histograms("request_seconds", "How long.", []float64{0.001, 0.01, 0.1, 1}, "route")
	for _, route := range []string{"/login", "/refresh", "/logout", "/register"} {
		for _, status := range []string{"200", "400", "401", "503"} {
			counters.With("POST", route, status).Add(1)
		}
		histograms.With(route).Observe(1)
	}
	return []pieces.Piece{
		pieces.Of("count a request", 0, func() error { counters.With("POST", "/refresh", "200").Add(1); return nil }),
		pieces.Of("observe how long it took", 0, func() error { histograms.With("/refresh").Observe(0.02); return nil }),
		pieces.Of("write the page", 79, func() error { return r.Write(io.Discard) }),
	}
}

func TestPiecesOfMetricsAllocateNoMoreThanTheyHaveTo(t *testing.T) { pieces.Hold(t, ofMetrics()) }

func BenchmarkPieces(b *testing.B) { pieces.Bench(b, ofMetrics()) }
