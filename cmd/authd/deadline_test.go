package main

import (
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// counting counts how often the deadlines of a connection are moved.
type counting struct {
	net.Conn
	reads, writes int
}

func (c *counting) SetReadDeadline(t time.Time) error {
	c.reads++
	return c.Conn.SetReadDeadline(t)
}

func (c *counting) SetWriteDeadline(t time.Time) error {
	c.writes++
	return c.Conn.SetWriteDeadline(t)
}

// inTime has a test in a time of its own, with a connection and its other end.
func inTime(t *testing.T, test func(t *testing.T, c *connection, socket *counting, other net.Conn)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		socket := &counting{Conn: here}
		test(t, &connection{Conn: socket}, socket, there)
		_, _ = here.Close(), there.Close()
	})
}

func wantLate(t *testing.T, err error, began time.Time, after time.Duration) {
	t.Helper()
	var ofNet net.Error
	if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &ofNet) || !ofNet.Timeout() {
		t.Errorf("got %v, not that it is too late, as net/http knows it", err)
	}
	if took := time.Since(began); took != after {
		t.Errorf("it took %v, not %v", took, after)
	}
}

func TestF2AReadThatNobodyAnswersIsCutAtItsDeadline(t *testing.T) {
	inTime(t, func(t *testing.T, c *connection, _ *counting, _ net.Conn) {
		began := time.Now()
		_ = c.SetReadDeadline(began.Add(time.Hour))
		_ = c.SetReadDeadline(began.Add(headerTime))
		_, err := c.Read(make([]byte, 1))
		wantLate(t, err, began, headerTime)
		_, err = c.Read(make([]byte, 1))
		wantLate(t, err, began, headerTime)
	})
}

func TestF2AWriteThatNobodyReadsIsCutAtItsDeadline(t *testing.T) {
	inTime(t, func(t *testing.T, c *connection, _ *counting, _ net.Conn) {
		began := time.Now()
		_ = c.SetWriteDeadline(began.Add(answerTime))
		_, err := c.Write([]byte("late"))
		wantLate(t, err, began, answerTime)
	})
}

func TestADeadlineThatIsMovedIsHeardOfByWhoWaits(t *testing.T) {
	for name, until := range map[string]time.Duration{"sooner": 2 * time.Second, "into the past": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, c *connection, _ *counting, _ net.Conn) {
				began := time.Now()
				time.AfterFunc(time.Second, func() { _ = c.SetReadDeadline(began.Add(until)) })
				_, err := c.Read(make([]byte, 1))
				wantLate(t, err, began, max(until, time.Second))
			})
		})
	}
	t.Run("later", func(t *testing.T) {
		inTime(t, func(t *testing.T, c *connection, _ *counting, _ net.Conn) {
			began := time.Now()
			_ = c.SetDeadline(began.Add(2 * time.Second))
			time.AfterFunc(time.Second, func() { _ = c.SetDeadline(began.Add(time.Minute)) })
			_, err := c.Write([]byte("late"))
			wantLate(t, err, began, time.Minute)
		})
	})
}

func TestADeadlineThatPassedWhileNobodyWaitedHolds(t *testing.T) {
	inTime(t, func(t *testing.T, c *connection, _ *counting, other net.Conn) {
		go func() { _, _ = other.Write([]byte("too late")) }()
		began := time.Now()
		_ = c.SetDeadline(began.Add(time.Second))
		time.Sleep(2 * time.Second)
		_, err := c.Read(make([]byte, 1))
		wantLate(t, err, began, 2*time.Second)
		_, err = c.Write([]byte("late"))
		wantLate(t, err, began, 2*time.Second)

		_ = c.SetReadDeadline(time.Time{})
		if _, err := c.Read(make([]byte, 8)); err != nil {
			t.Errorf("without a deadline: %v", err)
		}
	})
}

// net/http moves the deadlines of a connection eight times a request.
func TestADeadlineIsMovedWhereSomebodyWaits(t *testing.T) {
	inTime(t, func(t *testing.T, c *connection, socket *counting, other net.Conn) {
		go func() {
			_, _ = other.Write([]byte("request"))
			_, _ = other.Read(make([]byte, 8))
		}()
		_ = c.SetReadDeadline(time.Now().Add(idleTime))
		_, _ = c.Read(make([]byte, 8))
		_ = c.SetReadDeadline(time.Now().Add(headerTime))
		_ = c.SetReadDeadline(time.Now().Add(bodyTime))
		_ = c.SetWriteDeadline(time.Now().Add(answerTime))
		_ = c.SetReadDeadline(time.Time{})
		_, _ = c.Write([]byte("answer"))
		_ = c.SetWriteDeadline(time.Time{})
		if socket.reads != 1 || socket.writes != 1 {
			t.Errorf("the socket's were moved %d times for one read, and %d for one write", socket.reads, socket.writes)
		}
	})
}
