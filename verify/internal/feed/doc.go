// Package feed reads the pages of authd's feed of kills, as docs/feed.md of authd specifies them, and
// knows how a follower's cursor moves over them.
//
// It is pure. It must never know how a page was fetched, whether its signature holds, or what time it
// is: who calls it has checked the first two and will ask about the third.
package feed
