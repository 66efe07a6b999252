package password

import (
	"io"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

const benchCost = 10

// BenchmarkBcrypt is the yardstick of those below: bcrypt on every core, and nothing else.
func BenchmarkBcrypt(b *testing.B) {
	stored, err := bcrypt.GenerateFromPassword([]byte("correct horse"), benchCost)
	if err != nil {
		b.Fatal(err)
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := bcrypt.CompareHashAndPassword(stored, []byte("correct horse")); err != nil {
				b.Error(err)
			}
		}
	})
}

// benchHasher runs with the extra processors that main gives it.
func benchHasher(b *testing.B) *Hasher {
	c := config(benchCost, one)
	c.Workers = runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(Processors(c.Workers))
	b.Cleanup(func() { runtime.GOMAXPROCS(c.Workers) })
	return run(b, newHasher(b, c))
}

// BenchmarkVerify asks for one answer at a time. Every no takes what BenchmarkBcrypt takes on one core.
func BenchmarkVerify(b *testing.B) {
	h := benchHasher(b)
	stored := mustHash(b, h, "correct horse")
	cheap, err := bcrypt.GenerateFromPassword([]byte("correct horse"), 6)
	if err != nil {
		b.Fatal(err)
	}
	for _, bm := range []struct {
		name string
		a    Attempt
		want Result
	}{
		{"right", Attempt{Stored: stored, Typed: "correct horse"}, yes},
		{"wrong", Attempt{Stored: stored, Typed: "wrong horse"}, no},
		{"wrong of cost 6", Attempt{Stored: string(cheap), Typed: "wrong horse"}, no},
		{"nobody", Attempt{Typed: "correct horse"}, no},
		{"refused", Attempt{Stored: stored, Typed: "correct horse", Refuse: true}, no},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := verify(b, h, bm.a); got != bm.want {
					b.Fatalf("got %+v", got)
				}
			}
		})
	}
}

// BenchmarkVerifyStorm has 16 clients and more log in without pause: compare with BenchmarkBcrypt.
func BenchmarkVerifyStorm(b *testing.B) {
	h := benchHasher(b)
	stored := mustHash(b, h, "correct horse")
	b.SetParallelism(max(1, 16/runtime.GOMAXPROCS(0)))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if got, err := h.Verify(b.Context(), Attempt{Stored: stored, Typed: "correct horse"}); got != yes || err != nil {
				b.Errorf("got %+v, %v", got, err)
			}
		}
	})
}

// BenchmarkHop measures what 16 logins leave to everybody else: every 20 ms a byte goes to and fro
// four times over a loopback connection, which is about what a refresh does, and the slowest in a
// hundred is told. "handler" is bcrypt in the goroutine of the login, "pool" is ours on the processors
// there are, "raised" is ours as main runs it.
func BenchmarkHop(b *testing.B) {
	for _, name := range []string{"handler", "pool", "raised"} {
		b.Run(name, func(b *testing.B) {
			h := benchHasher(b)
			if name != "raised" {
				runtime.GOMAXPROCS(h.pool.workers)
			}
			stored := mustHash(b, h, "correct horse")
			login := func() { _, _ = h.Verify(b.Context(), Attempt{Stored: stored, Typed: "correct horse"}) }
			if name == "handler" {
				raw := []byte(stored[len(stored)-bcryptLength:])
				login = func() { _ = bcrypt.CompareHashAndPassword(raw, []byte("correct horse")) }
			}
			defer storm(login)()
			measureHops(b)
		})
	}
}

// storm has 16 clients log in until they are stopped.
func storm(login func()) (stop func()) {
	stopped := make(chan struct{})
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			for {
				select {
				case <-stopped:
					return
				default:
					login()
				}
			}
		})
	}
	return func() {
		close(stopped)
		clients.Wait()
	}
}

func measureHops(b *testing.B) {
	near, far := loopback(b)
	go func() { _, _ = io.Copy(far, far) }()
	pace := time.NewTicker(20 * time.Millisecond)
	defer pace.Stop()
	var took []time.Duration
	for b.Loop() {
		<-pace.C
		began := time.Now()
		for range 4 {
			if _, err := near.Write([]byte{1}); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(near, make([]byte, 1)); err != nil {
				b.Fatal(err)
			}
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

func loopback(b *testing.B) (near, far net.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	if near, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		b.Fatal(err)
	}
	if far, err = listener.Accept(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return near, far
}
