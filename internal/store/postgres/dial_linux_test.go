package postgres

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/authd/authd/internal/store/pgtest"
)

func TestConnectionsNoticeWithinSecondsThatTheirPeerIsDead(t *testing.T) {
	t.Parallel()
	conn := acquired(t, opened(t, Config{URL: pgtest.New(t)}))
	raw, err := conn.PgConn().Conn().(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		for name, c := range map[string]struct{ level, option, want int }{
			"TCP_USER_TIMEOUT": {unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 5000},
			"SO_KEEPALIVE":     {unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
			"TCP_KEEPIDLE":     {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 5},
		} {
			if got, err := unix.GetsockoptInt(int(fd), c.level, c.option); err != nil || got != c.want {
				t.Errorf("%s is %d, error %v, want %d", name, got, err, c.want)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
