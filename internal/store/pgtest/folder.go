//go:build unix

package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const folderPrefix = "authd-pgtest-"

// watchdog waits until its standard input ends, which happens however the owner of the other end
// ends, SIGKILL included. Then it ends the server that the folder belongs to and removes the folder.
// A postmaster that is still too young to have written its pid finds its folder gone, and gives up.
const watchdog = `
read -r _
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -s QUIT "$pid" 2>/dev/null
tries=0
while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 10 ]; do
	sleep 1
	tries=$((tries + 1))
done
rm -rf "$1"`

// folder is a temporary folder that does not outlive its process.
type folder struct {
	path  string
	guard *exec.Cmd
	// held is the other end of the watchdog's standard input. It is a bare descriptor, because an
	// os.File is closed when the garbage collector finds nobody who refers to it, and the cluster
	// that a whole process shares is referred to by nobody but the watchdog.
	held int
}

// newFolder makes a folder that the user as may write to, and a watchdog over it.
func newFolder(as *syscall.Credential) (f *folder, err error) {
	base, err := openBase(as)
	if err != nil {
		return nil, err
	}
	sweep(base)
	path, err := os.MkdirTemp(base, folderPrefix)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(path)
		}
	}()
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer lock.Close() // the watchdog's copy goes on holding it
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if as != nil {
		if err := os.Chown(path, int(as.Uid), int(as.Gid)); err != nil {
			return nil, err
		}
	}
	input, held, err := pipe()
	if err != nil {
		return nil, err
	}
	defer input.Close()
	guard := exec.Command("/bin/sh", "-c", watchdog, "authd-pgtest-watchdog", path)
	guard.Dir = "/"
	guard.Env = []string{"PATH=" + os.Getenv("PATH") + ":/usr/bin:/bin"} // it needs head, sleep and rm
	guard.Stdin, guard.ExtraFiles = input, []*os.File{lock}
	guard.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setsid: true} // out of Ctrl-C's reach
	if err := guard.Start(); err != nil {
		return nil, errors.Join(err, syscall.Close(held))
	}
	return &folder{path: path, guard: guard, held: held}, nil
}

// pipe makes a pipe whose writing end no child process inherits.
func pipe() (read *os.File, write int, err error) {
	var ends [2]int
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := syscall.Pipe(ends[:]); err != nil {
		return nil, 0, err
	}
	syscall.CloseOnExec(ends[0])
	syscall.CloseOnExec(ends[1])
	return os.NewFile(uintptr(ends[0]), "pipe"), ends[1], nil
}

// remove lets the watchdog remove the folder, and waits for it.
func (f *folder) remove() error {
	if err := errors.Join(syscall.Close(f.held), f.guard.Wait()); err != nil {
		return fmt.Errorf("pgtest: remove %s: %w", f.path, err)
	}
	return nil
}

// openBase returns a folder for temporary files that as can reach. The system's own may be closed to
// others, for example when TMPDIR lies in root's home.
func openBase(as *syscall.Credential) (string, error) {
	for _, base := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		probe := exec.Command("/bin/sh", "-c", `test -w "$1" && test -x "$1"`, "probe", base)
		probe.Dir = "/"
		probe.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		if probe.Run() == nil {
			return base, nil
		}
	}
	return "", errors.New("no folder for temporary files that the user of the server can write to")
}

// sweep removes what was left when a whole machine or container went down, watchdogs included: old
// folders whose lock nobody holds. The hour keeps it away from a folder that is just being made.
func sweep(base string) {
	paths, _ := filepath.Glob(filepath.Join(base, folderPrefix+"*"))
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < time.Hour {
			continue
		}
		lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|syscall.O_NOFOLLOW, 0)
		if err != nil {
			continue // another user's, or not one of ours
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			os.RemoveAll(path)
		}
		lock.Close()
	}
}
