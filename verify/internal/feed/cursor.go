package feed

import "strconv"

// A Cursor is how far a follower has read. The zero Cursor is the beginning, of whatever feed.
type Cursor struct {
	feedID string
	place  int64
	mark   string
}

// String is the cursor as it is sent. It is empty at the beginning.
func (c Cursor) String() string {
	if c.feedID == "" {
		return ""
	}
	return c.feedID + "." + strconv.FormatInt(c.place, 10) + "." + c.mark
}

// A Step is what a page does to a cursor.
type Step int

const (
	// Elsewhere: the page begins after the cursor, ends before it, or is of another feed. It says
	// nothing about what the follower has read, and its kills are kills nevertheless.
	Elsewhere Step = iota
	// Onward: nothing is missing between what was read and the end of the page.
	Onward
	// Forked: the place at which the cursor stands was given twice. What was read since an unknown place
	// belongs to a history that was lost, so the follower begins again, as after a 410.
	Forked
)

// Take returns the cursor after a page.
func (c Cursor) Take(p *Page) (Cursor, Step) {
	next := Cursor{p.FeedID, p.To, p.Mark}
	switch {
	case c.feedID == "" && p.From == 0:
		return next, Onward
	case c.feedID != p.FeedID || p.From > c.place || p.To < c.place:
		return c, Elsewhere
	case p.To == c.place && p.Mark != c.mark:
		return Cursor{}, Forked
	}
	return next, Onward
}
