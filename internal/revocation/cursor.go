package revocation

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/authd/authd/internal/auth"
)

// Cursor is a place in the feed: after the entry Seq, which bears Mark, of the feed FeedID. Seq 0 is the
// beginning.
//
// Numbers alone would not do. A standby that takes over without the last commits, and a backup that is
// restored, give the same numbers to other entries; the mark tells that what stands at Seq is not what
// the cursor's owner has read.
type Cursor struct {
	FeedID string
	Seq    int64
	Mark   uint64
}

// maxFeedID bounds what is looked at. Ours have 16 characters.
const maxFeedID = 64

// ErrCursor refuses a text that is not a cursor.
var ErrCursor = &auth.Error{Kind: auth.InvalidRequest, Code: "invalid_cursor", Public: "This is not a cursor of the feed."}

// String is the one text of a cursor: <feed_id>.<seq>.<mark as 16 hexadecimal digits>.
func (c Cursor) String() string { return fmt.Sprintf("%s.%d.%016x", c.FeedID, c.Seq, c.Mark) }

// ParseCursor reads what String writes and nothing else: two texts of one place would be two entries
// in every cache on the way.
func ParseCursor(text string) (Cursor, error) {
	id, rest, _ := strings.Cut(text, ".")
	seq, mark, _ := strings.Cut(rest, ".")
	if !isFeedID(id) || len(mark) != 16 || len(seq) > 19 {
		return Cursor{}, ErrCursor
	}
	c := Cursor{FeedID: id}
	var err error
	if c.Seq, err = strconv.ParseInt(seq, 10, 64); err != nil {
		return Cursor{}, ErrCursor
	}
	if c.Mark, err = strconv.ParseUint(mark, 16, 64); err != nil {
		return Cursor{}, ErrCursor
	}
	if c.Seq < 0 || c.String() != text { // signs, leading zeros, capitals
		return Cursor{}, ErrCursor
	}
	return c, nil
}

// isFeedID reports whether a text could be the name of a feed: base64url characters, not too many.
func isFeedID(text string) bool {
	for _, c := range []byte(text) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return text != "" && len(text) <= maxFeedID
}
