package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener in memory, so that these tests can run on a clock of their own.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	close  func()
}

func newPipes() *pipes {
	closed := make(chan struct{})
	return &pipes{make(chan net.Conn), closed, sync.OnceFunc(func() { close(closed) })}
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (p *pipes) Close() error   { p.close(); return nil }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

var errRefused = errors.New("connection refused")

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, errRefused
	}
}

// running is a web server that runs, and a client of it.
type running struct {
	*webServer
	client *http.Client
	asked  context.Context         // ends when it is asked to stop
	parts  context.Context         // what it needs
	stop   context.CancelCauseFunc // asks it to stop
	fail   context.CancelFunc      // ends the parts
	ended  chan error
	began  time.Time
}

// startWeb runs a server whose handler answers /slow when release is closed, and all else at once.
func startWeb(t *testing.T, release <-chan struct{}) *running {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-release
		}
		_, _ = io.WriteString(w, "done")
	})
	first := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	listener := newPipes()
	ctx, stop := context.WithCancelCause(t.Context())
	parts, fail := context.WithCancel(t.Context())
	transport := &http.Transport{DialContext: listener.dial}
	r := &running{newWebServer(first, slog.New(slog.DiscardHandler)), &http.Client{Transport: transport}, ctx, parts, stop, fail, make(chan error, 1), time.Now()}
	t.Cleanup(func() {
		fail()
		stop(nil)
		transport.CloseIdleConnections()
		for range r.ended { // Shutdown looks again and again for the last connections; time stands when a test is over
		}
	})
	r.open(handler)
	go func() { defer close(r.ended); r.ended <- r.run(ctx, parts, listener) }()
	return r
}

// get returns the status, and whether the server asked for the connection to be closed.
func (r *running) get(path string) (status int, closes bool, err error) {
	response, err := r.client.Get("http://authd" + path)
	if err != nil {
		return 0, false, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, response.Close, err
}

// send writes text on a connection of its own and returns all answers. What is not answered with the
// end of the connection is, when the server no longer waits for more.
func (r *running) send(t *testing.T, text string) (answers []*http.Response) {
	t.Helper()
	conn, err := r.client.Transport.(*http.Transport).DialContext(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, text) }() // a server that refuses does not read to the end
	for reader := bufio.NewReader(conn); ; {
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return answers
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answers = append(answers, answer)
	}
}

// net/http would answer OPTIONS * itself, without any of the headers that every answer has.
func TestTheHandlerAnswersWhateverIsHTTP(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := startWeb(t, nil)
		r.open(http.NotFoundHandler())
		answers := r.send(t, "OPTIONS * HTTP/1.1\r\nHost: authd\r\nConnection: close\r\n\r\n")
		if len(answers) != 1 || answers[0].StatusCode != http.StatusNotFound {
			t.Errorf("got %v, want the handler's 404", answers)
		}
	})
}

// H2
func TestAServerThatIsTerminatedServesUntilOthersHaveNoticed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := startWeb(t, nil)
		if status, closes, err := r.get("/"); status != http.StatusOK || closes || err != nil {
			t.Errorf("before: got %d, closes %v, %v", status, closes, err)
		}
		r.stop(stopped{syscall.SIGTERM})
		synctest.Wait()
		if !r.draining.Load() {
			t.Error("the server does not say that it is on its way out")
		}
		time.Sleep(noticeTime - time.Millisecond)
		if status, closes, err := r.get("/"); status != http.StatusOK || !closes || err != nil {
			t.Errorf("meanwhile: got %d, closes %v, %v; want an answer that sends the client elsewhere", status, closes, err)
		}
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
		if _, _, err := r.get("/"); !errors.Is(err, errRefused) {
			t.Errorf("afterwards: got %v, want a refusal", err)
		}
	})
}

func TestAServerThatIsInterruptedDoesNotWaitForAnybodyToNotice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := startWeb(t, nil)
		synctest.Wait()
		r.stop(stopped{syscall.SIGINT})
		if err := <-r.ended; err != nil || time.Since(r.began) != 0 {
			t.Errorf("ended after %v with %v, want at once", time.Since(r.began), err)
		}
	})
}

func TestAServerThatNeverServedStopsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := startWeb(t, nil)
		r.handler.Store(nil)
		synctest.Wait()
		r.stop(stopped{syscall.SIGTERM})
		if err := <-r.ended; err != nil || time.Since(r.began) != 0 {
			t.Errorf("ended after %v with %v, want at once", time.Since(r.began), err)
		}
	})
}

func TestARequestUnderWayIsFinishedBeforeTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r := startWeb(t, release)
		answer := make(chan int, 1)
		go func() {
			status, _, _ := r.get("/slow")
			answer <- status
		}()
		synctest.Wait()
		r.stop(stopped{syscall.SIGTERM})
		time.Sleep(noticeTime + drainTime/2)
		select {
		case err := <-r.ended:
			t.Fatalf("ended with %v while a request was under way", err)
		default:
		}
		close(release)
		if status := <-answer; status != http.StatusOK {
			t.Errorf("got %d, want 200", status)
		}
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
	})
}

func TestARequestThatNeverEndsIsCutAfter25Seconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r := startWeb(t, release)
		answer := make(chan error, 1)
		go func() {
			_, _, err := r.get("/slow")
			answer <- err
		}()
		synctest.Wait()
		r.stop(stopped{syscall.SIGTERM})
		err := <-r.ended
		if took := time.Since(r.began); err != nil || took != 25*time.Second {
			t.Errorf("ended after %v with %v, want nil after 25 s", took, err)
		}
		if err := <-answer; err == nil {
			t.Error("the request was answered")
		}
		close(release)
	})
}

func TestAPartThatFailsEndsTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := startWeb(t, nil)
		synctest.Wait()
		r.fail()
		if err := <-r.ended; err != nil || time.Since(r.began) != 0 {
			t.Errorf("ended after %v with %v, want at once", time.Since(r.began), err)
		}
	})
}

func TestAListenerThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	listener := newPipes()
	_ = listener.Close()
	w := newWebServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if err := w.run(t.Context(), t.Context(), listener); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want the listener's error", err)
	}
}
