package main

import (
	"fmt"
	"net/http"
)

func (f *feedBuilder) catchesUp() {
	f.follow("an empty feed").moves(newPage(start, 0, 0, 0), start).is("plain", valid).end()
	f.follow("nothing was read", "C19").waits(start).waits(start + 300*second).end()

	w := f.follow("three pages before it is ready", "C19")
	w.moves(newPage(start, 0, 2, 9, killSession), start).knows(nil).is("session", notReady)
	w.moves(newPage(start, 2, 5, 9, killToken), start+200).knows(nil)
	w.moves(newPage(start, 5, 9, 9), start+400).is("plain", valid).is("session", revoked).is("token", revoked)
	w.end()

	w = f.ready("polls that bring nothing")
	for n := int64(1); n <= 6; n++ {
		at := start + n*20*second
		w.moves(newPage(at, 3, 3, 3), at)
	}
	w.end()

	// Only the first page of the beginning may set a cursor.
	w = f.follow("a page from the middle to one who knows nothing", "C21")
	w.stays(newPage(start, 2, 3, 3, killSession), start).says("its entries count nevertheless")
	w.moves(newPage(start+second, 0, 3, 3), start+second).is("plain", valid).is("session", revoked)
	w.end()
}

func (f *feedBuilder) kills() {
	w := f.ready("one entry of each kind", "C1", "C2", "C5", "D5")
	w.is("session", valid).is("token", valid).is("epoch 3", valid).is("epoch 4", valid).is("key", valid).is("eddsa", valid)
	at := start + second
	w.moves(newPage(at, 3, 4, 4, killSession), at).is("session", revoked)
	w.moves(newPage(at+100, 4, 5, 5, killToken), at+100).is("token", revoked)
	w.moves(newPage(at+200, 5, 6, 6, killBelow4), at+200).is("epoch 3", revoked)
	w.moves(newPage(at+300, 6, 7, 7, f.killKey()), at+300).is("key", revoked)
	later := newPage(at+400, 7, 8, 8)
	w.refuses(later.signed(f.keys["killed"]), at+400).says("signed by the key that was killed")
	w.moves(newPage(at+500, 7, 8, 8), at+500)
	w.end()

	w = f.ready("the greatest value stands, in whatever order", "C17")
	w.moves(newPage(at, 3, 5, 5, entry("sub", raisedUser, moment+3660, 4), entry("sub", raisedUser, moment+60, 2)), at)
	w.is("epoch 3", revoked).is("epoch 4", valid)
	w.moves(newPage(at+100, 0, 5, 5, entry("sub", raisedUser, moment+60, 1)), at+100).says("from an earlier place, entries come again")
	w.moves(newPage(at+200, 5, 6, 6, entry("sub", raisedUser, moment+3660, 5)), at+200).is("epoch 4", revoked)
	w.end()

	w = f.ready("kills of others")
	w.moves(newPage(at, 3, 7, 7, entry("jti", killedSession, moment+3660), entry("sid", killedTokenID, moment+3660),
		entry("sub", user, moment+3660, 3), entry("sub", killedSession, moment+3660, 9)), at)
	w.is("session", valid).is("token", valid)
	w.end()
}

func (f *feedBuilder) gaps() {
	at := start + 10*second
	w := f.ready("a page that begins behind the cursor", "C21")
	w.stays(newPage(at, 4, 6, 6, killSession), at).says("place 4 is missing: the entries count, the freshness does not").is("session", revoked)
	w.moves(newPage(at+second, 3, 6, 6), at+second)
	w.end()

	w = f.ready("a page that ends before the cursor", "C20")
	w.stays(newPage(at, 0, 2, 2), at)
	w.end()

	w = f.ready("a page that does not reach the head")
	behind := *w.known
	w.moves(newPage(at, 3, 5, 9, killSession, killToken), at).knows(&behind).is("session", revoked)
	w.waits(start+60*second+1).is("plain", stale).is("session", stale)
	w.end()

	w = f.ready("a page from an earlier place", "C17")
	w.moves(newPage(at, 1, 5, 5), at)
	w.end()

	w = f.ready("the cursor's own place with another mark", "C17", "C27")
	w.stays(newPage(at, 3, 3, 3).with("mark", quoted(mark(99))), at).asks("").says("the place was given twice: start over")
	w.moves(newPage(at+second, 0, 4, 4), at+second)
	w.end()
}

func (f *feedBuilder) clocks() {
	w := f.ready("cut off", "C18")
	w.waits(start+60*second-1).waits(start+60*second+1).is("plain", stale)
	at := start + 600*second
	w.moves(newPage(at, 3, 3, 3), at).is("plain", valid).says("healed")
	w.end()

	w = f.ready("an as_of that lags", "C24")
	at = start + 100*second
	known := at - 50*second
	w.moves(newPage(at, 3, 3, 3).with("as_of", fmt.Sprint(known)), at).knows(&known)
	w.waits(known+60*second-1).waits(known+60*second+1).is("plain", stale)
	w.end()

	w = f.ready("an as_of that stands still", "C24")
	behind := *w.known
	for n := int64(1); n <= 2; n++ {
		at = start + n*20*second
		w.moves(newPage(at, 3, 3, 3).with("as_of", fmt.Sprint(start)), at).knows(&behind)
	}
	w.waits(start+60*second+1).is("plain", stale)
	w.end()

	w = f.follow("an as_of after now")
	w.moves(newPage(start, 0, 3, 3).with("as_of", fmt.Sprint(start+1)), start).knows(nil)
	w.end()

	w = f.ready("an answer that was long on its way", "C18")
	at = start + 20*second
	w.moves(newPage(at, 3, 3, 3), at)
	w.last().Answered = at + 20*second
	w.waits(at+60*second-1).waits(at+60*second+1).is("plain", stale).says("counted from when the request was sent")
	w.end()

	f.apart()
}

// apart are clocks that differ.
func (f *feedBuilder) apart() {
	w := f.ready("known up to an earlier moment than before")
	behind := *w.known
	at := start + second
	w.moves(newPage(at+30*second, 3, 3, 3).with("as_of", fmt.Sprint(at)), at).knows(&behind).says("what stands is kept")
	w.end()

	for _, apart := range []int64{119, -119} {
		w = f.follow(fmt.Sprintf("a page of %+d s", apart), "C20")
		w.moves(newPage(start+apart*second, 0, 3, 3), start).is("plain", valid)
		w.end()
	}
	for _, apart := range []int64{121, -121, 3600, -86400} {
		w = f.ready(fmt.Sprintf("a page of %+d s", apart), "C20")
		w.refuses(newPage(start+second+apart*second, 3, 4, 4, killSession).signed(f.es), start+second).is("session", valid)
		w.end()
	}
}

func (f *feedBuilder) replays() {
	w := f.ready("the same page again and again", "C20")
	first := newPage(start, 0, 3, 3)
	w.stays(first, start+30*second).stays(first, start+59*second)
	w.waits(start+60*second+1).is("plain", stale)
	w.stays(first, start+90*second).says("a replay heals nothing")
	w.end()

	w = f.ready("an older page after a newer one", "C20")
	at := start + 20*second
	newer := newPage(at, 3, 4, 4, killSession)
	w.moves(newer, at).is("session", revoked)
	w.stays(first, at+second)
	w.stays(newPage(at-second, 3, 4, 4), at+2*second).says("the older as_of proves nothing new")
	w.end()
}

func (f *feedBuilder) startsOver() {
	at := start + 10*second
	w := f.ready("410", "C17")
	w.moves(newPage(at, 3, 4, 4, killSession), at).is("session", revoked)
	w.gets(http.StatusGone, at+second).asks("").says("kills and freshness are kept")
	w.moves(newPage(at+2*second, 0, 1, 2), at+2*second).knows(&at)
	w.moves(newPage(at+3*second, 1, 2, 2), at+3*second)
	w.end()

	w = f.ready("another feed after 410", "C27")
	w.moves(newPage(at, 3, 4, 4, killSession), at).is("session", revoked)
	w.gets(http.StatusGone, at+second).asks("")
	w.moves(newPage(at+2*second, 0, 1, 1).with("feed_id", quoted(otherID)), at+2*second).says("kills are kept, keys are fetched again")
	w.end()

	w = f.ready("another feed without 410", "C27")
	w.stays(newPage(at, 0, 4, 4, killSession).with("feed_id", quoted(otherID)), at).is("session", revoked)
	w.end()
}

func (f *feedBuilder) failures() {
	for _, status := range []int{204, 301, 302, 307, 308, 400, 401, 404, 429, 500, 502, 503} {
		w := f.ready(fmt.Sprintf("status %d", status), "C18")
		w.gets(status, start+second)
		w.waits(start+60*second+1).is("plain", stale)
		w.end()
	}
}
