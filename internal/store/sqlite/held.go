package sqlite

import (
	"errors"
	"io/fs"
	"os"

	"github.com/authd/authd/internal/auth"
)

// heldFile is the file that a path named when the store was opened.
type heldFile struct {
	path string
	info fs.FileInfo
}

// errReplaced is for a file that was moved away, deleted or overwritten by a rename under an open store.
var errReplaced = errors.New("the database file was replaced or removed while it was open: restart, and stop first the next time")

func hold(path string) (heldFile, error) {
	info, err := os.Stat(path)
	return heldFile{path, info}, err
}

// check refuses to work when the path names another file by now, as it does after a backup was moved into
// its place. The connections still have the old one, which nobody else can open any more: what they
// write would be acknowledged and lost, and what a command does beside them, such as to disable a user,
// they would never see. Should the old file come back, so does the store.
//
// The file is looked at and not opened: to close it would take the store's locks away.
func (f heldFile) check() error {
	now, err := os.Stat(f.path)
	if err != nil {
		return auth.ErrUnavailable.Because(errors.Join(errReplaced, err))
	}
	if !os.SameFile(f.info, now) {
		return auth.ErrUnavailable.Because(errReplaced)
	}
	return nil
}
