package main

import (
	"os"
	"sync"
	"time"
)

// deadline is one of the two of a connection: that of who reads, or that of who writes. It is handed down to
// the socket when somebody does, and not whenever it is moved. net/http moves them eight times a request,
// mostly to where nobody ever waits for them, and each move of the socket's moves a timer of the runtime:
// together a twentieth of the instructions that a fetch of the key set takes outside of the kernel.
//
// Who waits already is told at once: net/http stops a read by moving its deadline into the past.
type deadline struct {
	mu   sync.Mutex
	want time.Time // as it was moved last; zero: none
	held time.Time // what the socket has
	busy int       // how many read, or write
}

// move takes t for the deadline. Like begin, it is told how to hand one down to the socket.
func (d *deadline) move(t time.Time, down func(time.Time) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.want = t
	if d.busy == 0 {
		return nil
	}
	return d.handDown(down)
}

// begin is called before each read, or write. If it returns nil, end is called after it. The error is
// [os.ErrDeadlineExceeded] if it is too late, which is what the socket would say.
func (d *deadline) begin(down func(time.Time) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.want.Equal(d.held) {
		if !d.want.IsZero() && !d.want.After(time.Now()) {
			return os.ErrDeadlineExceeded
		}
		if err := d.handDown(down); err != nil {
			return err
		}
	}
	d.busy++
	return nil
}

func (d *deadline) end() {
	d.mu.Lock()
	d.busy--
	d.mu.Unlock()
}

func (d *deadline) handDown(down func(time.Time) error) error {
	d.held = d.want
	return down(d.want)
}
