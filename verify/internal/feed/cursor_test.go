package feed

import "testing"

const (
	ours, another = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"
	mark, other   = "0000000000000001", "0000000000000002"
)

func TestACursorMovesOverContiguousPagesAlone(t *testing.T) {
	t.Parallel()
	at10 := Cursor{ours, 10, mark}
	for claim, c := range map[string]struct {
		cursor Cursor
		page   Page
		want   Cursor
		step   Step
	}{
		"the first page":                     {Cursor{}, Page{FeedID: ours, From: 0, To: 5, Mark: mark}, Cursor{ours, 5, mark}, Onward},
		"the first page of an empty feed":    {Cursor{}, Page{FeedID: ours, Mark: mark}, Cursor{ours, 0, mark}, Onward},
		"a page from the middle is no first": {Cursor{}, Page{FeedID: ours, From: 1, To: 5, Mark: mark}, Cursor{}, Elsewhere},
		"the next page":                      {at10, Page{FeedID: ours, From: 10, To: 12, Mark: other}, Cursor{ours, 12, other}, Onward},
		"a page from earlier":                {at10, Page{FeedID: ours, From: 0, To: 12, Mark: other}, Cursor{ours, 12, other}, Onward},
		"nothing new":                        {at10, Page{FeedID: ours, From: 10, To: 10, Mark: mark}, at10, Onward},
		"nothing new, from earlier":          {at10, Page{FeedID: ours, From: 3, To: 10, Mark: mark}, at10, Onward},
		"a gap":                              {at10, Page{FeedID: ours, From: 11, To: 12, Mark: other}, at10, Elsewhere},
		"what was read before":               {at10, Page{FeedID: ours, From: 3, To: 9, Mark: other}, at10, Elsewhere},
		"another feed":                       {at10, Page{FeedID: another, From: 0, To: 12, Mark: other}, at10, Elsewhere},
		"the same place with another mark":   {at10, Page{FeedID: ours, From: 3, To: 10, Mark: other}, Cursor{}, Forked},
	} {
		got, step := c.cursor.Take(&c.page)
		if got != c.want || step != c.step {
			t.Errorf("%s: got %v, %v; want %v, %v", claim, got, step, c.want, c.step)
		}
	}
}

func TestTheBeginningHasNoText(t *testing.T) {
	t.Parallel()
	if got := (Cursor{}).String(); got != "" {
		t.Errorf("got %q", got)
	}
}
