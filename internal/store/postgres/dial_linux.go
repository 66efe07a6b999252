package postgres

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func setUserTimeout(conn syscall.RawConn, timeout time.Duration) error {
	var failure error
	err := conn.Control(func(fd uintptr) {
		failure = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(timeout.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failure
}
