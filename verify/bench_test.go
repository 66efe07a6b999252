package verify

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/verify/internal/fake"
	"github.com/authd/authd/verify/internal/feed"
	"github.com/authd/authd/verify/internal/live"
)

const million = 1_000_000

// warm returns a verifier that knows an authd's keys and has caught up, with so many kills.
func warm(tb testing.TB, authd *fake.Authd, kills int) *Verifier {
	tb.Helper()
	v, err := New(Config{Issuer: fake.Issuer, Audience: fake.Audience, HTTPClient: fake.Client(authd)})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan struct{})
	go func() { defer close(done); v.Run(ctx) }()
	if err := v.WaitReady(ctx); err != nil {
		tb.Fatal(err)
	}
	cancel()
	<-done
	until := uint32(time.Now().Add(time.Hour).Unix())
	for i := range kills {
		r := live.Record{Kind: live.Session, Digest: live.DigestOf(strconv.Itoa(i)), Until: until}
		if i%10 == 0 {
			r.Kind, r.Value = live.Subject, 7
		}
		if err := v.c.kills.Add(r); err != nil {
			tb.Fatal(err)
		}
	}
	return v
}

// stayFresh keeps a verifier that no longer polls from becoming stale during a benchmark.
func stayFresh(v *Verifier) {
	v.c.fresh.at.Store(&instant{complete: time.Now().Add(24 * time.Hour), now: time.Now().Unix()})
}

// plainES256 is the yardstick: what nobody can leave out of checking one ES256 signature.
func plainES256(authd *fake.Authd, raw string) func() bool {
	dot := strings.LastIndexByte(raw, '.')
	signature, _ := base64.RawURLEncoding.DecodeString(raw[dot+1:])
	signed, public := []byte(raw[:dot]), authd.Key().Public().(*ecdsa.PublicKey)
	return func() bool {
		digest := sha256.Sum256(signed)
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(public, digest[:], r, s)
	}
}

// BenchmarkFirstSight prints what a token costs that was not seen before, against the signature alone.
// They take turns, and medians are compared, so that a busy machine is busy for both.
func BenchmarkFirstSight(b *testing.B) {
	authd := fake.New()
	v := warm(b, authd, million)
	stayFresh(v)
	v.c.tokens = newCache(-1)
	raw, ctx := authd.Token(nil), b.Context()
	plain := plainES256(authd, raw)
	var ours, theirs []time.Duration
	for b.Loop() {
		began := time.Now()
		if !plain() {
			b.Fatal("the signature does not hold")
		}
		middle := time.Now()
		if _, err := v.Token(ctx, raw); err != nil {
			b.Fatal(err)
		}
		ours, theirs = append(ours, time.Since(middle)), append(theirs, middle.Sub(began))
	}
	b.ReportMetric(median(ours), "ns/token")
	b.ReportMetric(median(theirs), "ns/signature")
	b.ReportMetric(median(ours)/median(theirs), "x-plain")
}

func median(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)/2])
}

func BenchmarkSeenBefore(b *testing.B) {
	authd := fake.New()
	v := warm(b, authd, million)
	stayFresh(v)
	raws := make([]string, 1024)
	for i := range raws {
		raws[i] = authd.Token(fake.JSON{"sid": fmt.Sprint("session ", i), "sub": fmt.Sprint("subject ", i)})
		if _, err := v.Token(b.Context(), raws[i]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	ctx := b.Context()
	for i := 0; b.Loop(); i++ {
		if _, err := v.Token(ctx, raws[i%len(raws)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSeenBeforeParallel(b *testing.B) {
	authd := fake.New()
	v := warm(b, authd, million)
	stayFresh(v)
	raw, ctx := authd.Token(nil), b.Context()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := v.Token(ctx, raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// nobody is a response that is thrown away.
type nobody struct{ header http.Header }

func (n nobody) Header() http.Header         { return n.header }
func (n nobody) Write(b []byte) (int, error) { return len(b), nil }
func (n nobody) WriteHeader(int)             {}

func BenchmarkMiddleware(b *testing.B) {
	authd := fake.New()
	v := warm(b, authd, million)
	stayFresh(v)
	h := v.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if c, ok := FromContext(r.Context()); !ok || c.Subject() == "" {
			b.Fatal("no claims")
		}
	}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+authd.Token(nil))
	w := nobody{make(http.Header)}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

// pages is an authd with a million live kills in its prepared pages.
func pages(tb testing.TB) http.Handler {
	tb.Helper()
	authd := fake.New()
	var texts []string
	const size = 16_384
	until := time.Now().Add(time.Hour).Unix()
	for from := 0; from < million; from += size {
		to := min(from+size, million)
		entries := make([][]any, 0, size)
		for i := from; i < to; i++ {
			if i%10 == 0 {
				entries = append(entries, []any{"sub", fake.Digest(strconv.Itoa(i)), until, 7})
				continue
			}
			entries = append(entries, []any{"sid", fake.Digest(strconv.Itoa(i)), until})
		}
		now := time.Now().UnixMilli()
		payload, err := json.Marshal(fake.JSON{"iss": fake.Issuer, "feed_id": "mB3xq0Zt7LwKpR2a", "from": from, "to": to,
			"head": million, "mark": "9f3c5a7e01d2b684", "now": now, "as_of": now, "entries": entries})
		if err != nil {
			tb.Fatal(err)
		}
		texts = append(texts, authd.Key().Sign(feed.Type, payload))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/revocations" {
			authd.ServeHTTP(w, r)
			return
		}
		if r.URL.Query().Has("wait") {
			<-r.Context().Done()
			return
		}
		place := 0
		if parts := strings.Split(r.URL.Query().Get("cursor"), "."); len(parts) == 3 {
			place, _ = strconv.Atoi(parts[1])
		}
		_, _ = w.Write([]byte(texts[place/size]))
	})
}

// BenchmarkLoadAMillion is a verifier's start against an authd with a million live kills, over HTTP on
// this machine, to the first token that it would accept.
func BenchmarkLoadAMillion(b *testing.B) {
	h := pages(b)
	server := httptest.NewServer(h)
	defer server.Close()
	for b.Loop() {
		v, err := New(Config{Issuer: fake.Issuer, Audience: fake.Audience, URL: server.URL})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan struct{})
		go func() { defer close(done); v.Run(ctx) }()
		if err := v.WaitReady(ctx); err != nil || v.Status().Kills != million {
			b.Fatal(err, v.Status())
		}
		cancel()
		<-done
	}
}

// BenchmarkResidentWithAMillion prints the memory of a process that does nothing but follow a feed with a
// million live kills. The process is this test again, so that the server's memory does not count.
func BenchmarkResidentWithAMillion(b *testing.B) {
	h := pages(b)
	server := httptest.NewServer(h)
	defer server.Close()
	for b.Loop() {
		peak, resident := follow(b, server.URL)
		b.ReportMetric(float64(peak)/1024, "MiB-peak")
		b.ReportMetric(float64(resident)/1024, "MiB-resident")
	}
}
