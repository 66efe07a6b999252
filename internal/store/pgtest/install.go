//go:build unix

package pgtest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// The package makes and, where services may start, starts a cluster "main" of its own. That is what
// an administrator expects of it, and these tests never speak to it.
var installLines = [][]string{
	{"apt-get", "update"},
	{"apt-get", "install", "-y", "--no-install-recommends", "postgresql"},
}

// installer returns how to install the system's package, or nil where this machine or this user has
// no way to: only root on Debian and its kin.
func installer(out io.Writer) func() error {
	if os.Geteuid() != 0 {
		return nil
	}
	if _, err := os.Stat("/etc/debian_version"); err != nil {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return nil
	}
	return func() error { return install(out) }
}

func install(out io.Writer) error {
	for _, line := range installLines {
		fmt.Fprintln(out, "pgtest: no PostgreSQL found; running:", strings.Join(line, " "))
		cmd := exec.Command(line[0], line[1:]...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(line, " "), err, output)
		}
	}
	return nil
}

// installLock is where only root may write, and only root installs.
const installLock = "/run/authd-pgtest-install.lock"

// lockInstall keeps test binaries that run side by side from installing at once; the second one finds
// what the first one installed.
func lockInstall(file string) (unlock func(), err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}
