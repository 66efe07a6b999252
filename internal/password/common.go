package password

import (
	_ "embed"
	"sort"
	"strings"
)

// commonPasswords is sorted by bytes, a password a line, each line ended. It is searched where it
// lies: as a map it would cost every start some milliseconds and every process a megabyte.
//
//go:embed common/passwords.txt
var commonPasswords string

// isCommon reports whether a password, case-folded, is on the list.
func isCommon(folded string) bool {
	// Any offset may be asked, since each stands for the first line that begins there or later.
	at := sort.Search(len(commonPasswords), func(offset int) bool {
		line, ok := lineFrom(offset)
		return !ok || line >= folded
	})
	line, ok := lineFrom(at)
	return ok && line == folded
}

// lineFrom returns the first line that begins at offset or later; false behind the last one.
func lineFrom(offset int) (string, bool) {
	if offset > 0 {
		end := strings.IndexByte(commonPasswords[offset-1:], '\n')
		if end < 0 {
			return "", false
		}
		offset += end
	}
	line, _, ended := strings.Cut(commonPasswords[offset:], "\n")
	return line, ended
}
