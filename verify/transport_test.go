package verify_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authd/authd/verify/internal/fake"
)

// broken is a connection that looks alive and answers nothing, until it is given up.
type broken struct {
	http.RoundTripper
	gone   atomic.Bool
	closed atomic.Int32
}

func (b *broken) RoundTrip(r *http.Request) (*http.Response, error) {
	if !b.gone.Load() {
		return b.RoundTripper.RoundTrip(r)
	}
	return nil, errors.New("no answer")
}

func (b *broken) CloseIdleConnections() {
	b.closed.Add(1)
	b.gone.Store(false) // the next request has another connection
}

func TestAConnectionThatFailedIsNotUsedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		b := &broken{RoundTripper: fake.Client(authd).Transport}
		c := config(authd)
		c.HTTPClient = &http.Client{Transport: b}
		v := start(t, c)
		b.gone.Store(true)
		time.Sleep(time.Hour)
		mustAccept(t, v, authd.Token(nil))
		if b.closed.Load() == 0 {
			t.Error("the connection was kept")
		}
	})
}
