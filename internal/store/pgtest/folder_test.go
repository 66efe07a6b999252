//go:build unix

package pgtest

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// lockOf opens a folder's lock. Whoever gets it knows that the folder's watchdog has ended.
func lockOf(t *testing.T, folder string) *os.File {
	t.Helper()
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	return lock
}

func flock(t *testing.T, f *os.File) {
	t.Helper()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
}

// The test binary runs this test once more, as a process that the real test kills.
const victim = "AUTHD_PGTEST_VICTIM"

func TestAClusterEndsWithAKilledProcess(t *testing.T) {
	t.Parallel()
	if os.Getenv(victim) != "" {
		s, err := Launch(Config{})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("cluster", s.folder.path, s.URL())
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), victim+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	var folder, address string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if f := strings.Fields(lines.Text()); len(f) == 3 && f[0] == "cluster" {
			folder, address = f[1], f[2]
			break
		}
	}
	if folder == "" {
		t.Fatal("the other process started no cluster")
	}
	lock := lockOf(t, folder)

	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	flock(t, lock)
	if exists(folder) {
		t.Errorf("%s was left behind", folder)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", u.Host); err == nil {
		conn.Close()
		t.Error("the server of a killed process still listens")
	}
}

func TestSweepingSparesWhatIsYoungOrInUse(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	long := time.Now().Add(-2 * time.Hour)
	make := func(name string) string {
		path := filepath.Join(base, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		lockOf(t, path)
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
		return path
	}
	stale, used, young, foreign := make(folderPrefix+"1"), make(folderPrefix+"2"), make(folderPrefix+"3"), make("other")
	flock(t, lockOf(t, used))
	if err := os.Chtimes(used, long, long); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(young, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}

	sweep(base)
	if exists(stale) {
		t.Error("a stale folder was left")
	}
	for _, path := range []string{used, young, foreign} {
		if !exists(path) {
			t.Errorf("%s was removed", filepath.Base(path))
		}
	}
}

// Once it did not: what held the cluster was closed when the garbage collector came by.
func TestAClusterThatNobodyRefersToStaysUp(t *testing.T) {
	t.Parallel()
	s, err := Launch(Config{})
	if err != nil {
		t.Fatal(err)
	}
	path, address, held := s.folder.path, s.URL(), s.folder.held
	s = nil
	for range 3 {
		runtime.GC()
	}
	if err := execute(address, "select 1"); err != nil {
		t.Error(err)
	}
	lock := lockOf(t, path)
	if err := syscall.Close(held); err != nil {
		t.Fatal(err)
	}
	flock(t, lock)
	if exists(path) {
		t.Errorf("%s was left behind", path)
	}
}

// PostgreSQL refuses to run as root, and a folder under root's TMPDIR may be closed to others.
func TestTheServersUserCanReachItsFolder(t *testing.T) {
	t.Parallel()
	as, err := unprivileged()
	if err != nil {
		t.Fatal(err)
	}
	if (as != nil) != (os.Geteuid() == 0) {
		t.Fatalf("running as %d, the server's user is %v", os.Geteuid(), as)
	}
	f, err := newFolder(as)
	if err != nil {
		t.Fatal(err)
	}
	touch := exec.Command("/bin/sh", "-c", `: >"$1/file"`, "sh", f.path)
	touch.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if out, err := touch.CombinedOutput(); err != nil {
		t.Errorf("write into the folder: %v\n%s", err, out)
	}
	if err := f.remove(); err != nil || exists(f.path) {
		t.Errorf("remove: %v, still there: %t", err, exists(f.path))
	}
}
