package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/authd/authd/internal/auth"
)

// readSecretFile returns a file's text without the line break that editors and shells leave. Its
// mode is not looked at: orchestrators mount secrets as they please, and guard them their own way.
func readSecretFile(path string) (auth.Secret, error) {
	const most = 64 << 10 // no secret is longer, and /dev/zero has no end
	file, err := os.Open(path)
	if err != nil {
		return auth.Secret{}, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	switch {
	case err != nil:
		return auth.Secret{}, err
	case len(text) > most:
		return auth.Secret{}, fmt.Errorf("%s is longer than any secret", path)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" {
		return auth.Secret{}, fmt.Errorf("%s is empty", path)
	}
	return auth.NewSecret(secret), nil
}

// readGuardedFile is readSecretFile for files that authd made itself, which nobody but their owner
// may read. A loose mode may be a backup's or a copy's doing, so the secret may be known: it is
// refused, not repaired in silence.
func readGuardedFile(path string) (auth.Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return auth.Secret{}, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return auth.Secret{}, fmt.Errorf("%s may be read by others (mode %04o): if nobody did, run chmod 600 %[1]s", path, info.Mode().Perm())
	}
	return readSecretFile(path)
}

// makeSecretFile writes a file that only its owner may read, and reports whether it did: a file that
// exists is left as it is. The file appears with its text or not at all, whenever the power fails.
func makeSecretFile(path string, secret auth.Secret) (made bool, err error) {
	if _, err := os.Lstat(path); err == nil {
		return false, nil
	}
	draft, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // O_EXCL, 0600
	if err != nil {
		return false, err
	}
	defer os.Remove(draft.Name())
	_, err = io.WriteString(draft, secret.Reveal()+"\n")
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return false, err
	}
	// A link, unlike a rename, fails where another process was first.
	if err := os.Link(draft.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return false, nil
		}
		return false, err
	}
	return true, syncFolder(filepath.Dir(path))
}

// syncFolder makes the names in a folder last.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be opened there
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
