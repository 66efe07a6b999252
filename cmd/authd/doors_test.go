package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// running doors: both on listeners in memory.
type bothDoors struct {
	*doors
	ended chan error
	stop  context.CancelCauseFunc
	fail  context.CancelFunc
	began time.Time
}

func startDoors(t *testing.T, handler http.Handler) *bothDoors {
	log := slog.New(slog.DiscardHandler)
	ctx, stop := context.WithCancelCause(t.Context())
	parts, fail := context.WithCancel(t.Context())
	b := &bothDoors{
		doors: &doors{public: door{newWebServer(handler, log), newPipes()}, admin: &door{newWebServer(handler, log), newPipes()}},
		ended: make(chan error, 1), stop: stop, fail: fail, began: time.Now(),
	}
	b.public.webServer.open(handler)
	b.admin.webServer.open(handler)
	t.Cleanup(func() {
		fail()
		stop(nil)
		for range b.ended {
		}
	})
	go func() { defer close(b.ended); b.ended <- b.run(ctx, parts) }()
	synctest.Wait()
	return b
}

func TestADoorThatFailsTakesTheOtherWithIt(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(*doors) net.Listener{
		"the public one": func(d *doors) net.Listener { return d.public.listener },
		"operators'":     func(d *doors) net.Listener { return d.admin.listener },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := startDoors(t, http.NotFoundHandler())
				_ = fails(b.doors).Close()
				if err := <-b.ended; !errors.Is(err, net.ErrClosed) || time.Since(b.began) != 0 {
					t.Errorf("ended after %v with %v, want the listener's error at once", time.Since(b.began), err)
				}
			})
		})
	}
}

// H2: whoever watches a server that stops can see it to the end.
func TestBothDoorsDrainTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startDoors(t, http.NotFoundHandler())
		b.stop(stopped{syscall.SIGTERM})
		time.Sleep(noticeTime - time.Millisecond)
		if !b.public.draining.Load() || !b.admin.draining.Load() {
			t.Error("a door does not know that it closes")
		}
		for name, d := range map[string]door{"public": b.public, "admin": *b.admin} {
			conn, err := d.listener.(*pipes).dial(t.Context(), "", "")
			if err != nil {
				t.Errorf("%s: closed too early: %v", name, err)
				continue
			}
			_ = conn.Close()
		}
		if err := <-b.ended; err != nil {
			t.Error(err)
		}
	})
}
