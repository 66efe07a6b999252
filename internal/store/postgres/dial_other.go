//go:build !linux

package postgres

import (
	"syscall"
	"time"
)

// setUserTimeout has no portable counterpart. The keep-alive probes and the call timeout remain.
func setUserTimeout(syscall.RawConn, time.Duration) error { return nil }
