package revocation

import (
	"testing"
	"time"

	"github.com/authd/authd/internal/pieces"
)

// ofTheFeed is what every request does that shows an access token, and what is done for each follower.
func ofTheFeed(tb testing.TB) []pieces.Piece {
	live := running(tb, 100_000).follower
	token := Token{Sid: "AZqr_FvkfVqdDzxBpPDC7g", Jti: "q83vEjRWeJCrze8S", Sub: "019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee", Epoch: 1, Kid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"}
	cursor := Cursor{FeedID: testFeed, Seq: 123_456, Mark: 0x9f3c5a7e01d2b684}
	place, entries := cursor.String(), million(1, 1001, time.Now().Add(time.Hour))
	page, err := newPayload(testIssuer)
	if err != nil {
		tb.Fatal(err)
	}
	return []pieces.Piece{
		pieces.Of("check a token among 100,000 kills", 0, pieces.Holds(func() bool { return live.Check(token) == Alive })),
		pieces.Of("read a cursor", 4, func() error { _, err := ParseCursor(place); return err }),
		pieces.Of("write a cursor", 4, pieces.Holds(func() bool { return cursor.String() == place })),
		pieces.Of("write a page of 1,000 kills", 0, pieces.Holds(func() bool {
			page.begin()
			for i := range entries {
				page.add(&entries[i])
			}
			return len(page.end(&content{feedID: testFeed, to: 1000, head: 1000})) > 1000
		})),
	}
}

func TestPiecesOfTheFeedAllocateNoMoreThanTheyHaveTo(t *testing.T) { pieces.Hold(t, ofTheFeed(t)) }

func BenchmarkPieces(b *testing.B) { pieces.Bench(b, ofTheFeed(b)) }
