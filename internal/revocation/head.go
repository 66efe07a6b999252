package revocation

import "time"

// Head is the one row that orders the feed. Whoever adds entries holds it until the commit, so a
// reader that has seen the head's seq has seen every entry up to it.
type Head struct {
	FeedID         string
	Seq            int64
	Mark           uint64        // random, drawn by the last transaction that added entries
	MaxTTL         time.Duration // the longest access lifetime ever in force; whole seconds
	AsOf           time.Time     // every revocation acknowledged before it is in
	KeyringVersion int64
	JWKSMaxAge     time.Duration // the longest max-age ever served; whole seconds
}

// Grace is added to the longest access lifetime when a kill's until is set: 60 s that verifiers may
// allow for clocks, and 60 s for what passes between reading the clock and the commit.
const Grace = 120 * time.Second

// Until is when a kill written now may be forgotten. The clock is the store's, read when the head is
// held, and maxTTL is the head's. A token that the old state allowed was loaded before the kill
// committed, so its exp lies before this.
func Until(clock time.Time, maxTTL time.Duration) time.Time {
	return clock.Add(maxTTL + Grace)
}
