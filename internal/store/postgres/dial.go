package postgres

import (
	"net"
	"strings"
	"syscall"
	"time"
)

// deadPeer is how long what was sent may go unacknowledged. A host that lost its power says nothing,
// and without this the kernel goes on sending to it for a quarter of an hour.
const deadPeer = 5 * time.Second

// dialer makes connections that notice the death of their peer within seconds, while they send
// (TCP_USER_TIMEOUT) and while they wait (keep-alive probes).
func dialer(connectTimeout time.Duration) *net.Dialer {
	return &net.Dialer{
		Timeout: connectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: deadPeer, Interval: 2 * time.Second, Count: 3,
		},
		Control: func(network, _ string, conn syscall.RawConn) error {
			if !strings.HasPrefix(network, "tcp") {
				return nil
			}
			return setUserTimeout(conn, deadPeer)
		},
	}
}
