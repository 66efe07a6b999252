//go:build unix

package pgtest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// usualPlaces are where packages and installers put the server's programs, which most of them keep
// off PATH.
var usualPlaces = []string{
	"/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
	"/usr/pgsql-*/bin",                  // PGDG on Red Hat and its kin
	"/usr/libexec/postgresql*",          // Alpine
	"/usr/local/pgsql/bin",              // built from source
	"/usr/local/lib/postgresql*/bin",    // Docker's official image
	"/opt/homebrew/opt/postgresql*/bin", // Homebrew on Apple silicon
	"/usr/local/opt/postgresql*/bin",    // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin",
	"/opt/local/lib/postgresql*/bin", // MacPorts
}

// finder looks for the server's programs. Its fields are the machine, so that tests can be another.
type finder struct {
	path     string   // as the environment's PATH
	places   []string // glob patterns
	as       *syscall.Credential
	install  func() error // nil where there is no package to install
	lockFile string       // taken while installing
}

var errNotFound = errors.New(`pgtest: these tests need PostgreSQL, and none was found. Any one of these will do:
  - set ` + EnvURL + ` to a server that is running: postgres://user:password@host/database
  - put initdb and postgres on PATH, or where packages put them, such as /usr/lib/postgresql/*/bin
  - run as root on Debian or Ubuntu, where the package postgresql is installed by itself`)

// find returns the folder that holds initdb and postgres.
func (f finder) find() (string, error) {
	if bin := f.look(); bin != "" {
		return bin, nil
	}
	if f.install == nil {
		return "", errNotFound
	}
	unlock, err := lockInstall(f.lockFile)
	if err != nil {
		return "", fmt.Errorf("pgtest: wait for another installation: %w", err)
	}
	defer unlock()
	if bin := f.look(); bin != "" {
		return bin, nil
	}
	if err := f.install(); err != nil {
		return "", fmt.Errorf("%w\n(installing the package: %w)", errNotFound, err)
	}
	if bin := f.look(); bin != "" {
		return bin, nil
	}
	return "", fmt.Errorf("%w\n(the package is installed, and its programs are in none of the usual places)", errNotFound)
}

// look tries PATH, then the usual places with the newest version first.
func (f finder) look() string {
	for _, dir := range filepath.SplitList(f.path) {
		// A link is followed, because initdb may be the only one of the two that is linked into PATH.
		real, err := filepath.EvalSymlinks(filepath.Join(dir, "initdb"))
		if err != nil || !filepath.IsAbs(real) {
			continue
		}
		if bin := filepath.Dir(real); f.version(bin) > 0 {
			return bin
		}
	}
	type found struct {
		bin     string
		version float64
	}
	var all []found
	for _, pattern := range f.places {
		bins, _ := filepath.Glob(pattern)
		for _, bin := range bins {
			if v := f.version(bin); v > 0 {
				all = append(all, found{bin, v})
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	return slices.MaxFunc(all, func(a, b found) int { return cmp.Compare(a.version, b.version) }).bin
}

var versionNumber = regexp.MustCompile(`\(PostgreSQL\) (\d+(?:\.\d+)?)`)

// version asks both programs, as the user who will run them: a folder may hold only one of them, and
// another user's folder may be closed to us. 0 means of no use.
func (f finder) version(bin string) float64 {
	var version float64
	for _, name := range []string{"initdb", "postgres"} {
		out, err := f.command(bin, name, "--version").Output()
		m := versionNumber.FindSubmatch(out)
		if err != nil || m == nil {
			return 0
		}
		version, _ = strconv.ParseFloat(string(m[1]), 64)
	}
	return version
}

// command runs one of the server's programs as the user who may, with nothing of the caller's PG*
// settings, away from the caller's terminal: its Ctrl-C is for the tests, which still need the server
// to end well.
func (f finder) command(bin, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(bin, name), args...)
	cmd.Dir = "/"
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "PG")
	}), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: f.as, Setsid: true}
	return cmd
}

// unprivileged returns who runs the server: nobody else than we are, except that PostgreSQL refuses to
// run as root. Then it is the package's own user, or nobody.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("pgtest: ids of user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("pgtest: PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
}
