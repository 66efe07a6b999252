package main

import (
	"crypto/sha256"
	"fmt"
)

const (
	feedType = "authd-revocations+jwt"
	feedID   = "mB3xq0Zt7LwKpR2a"
	otherID  = "Zk8YdQ2vNnE5sTtR"
	forever  = 253402300799
)

// page is the payload of a page of the feed, member by member.
type page object

// newPage is a page that was made at a moment, in milliseconds, with everything up to then in it.
func newPage(at, from, to, head int64, entries ...string) page {
	return page{
		{"iss", quoted(issuer)}, {"feed_id", quoted(feedID)},
		{"from", fmt.Sprint(from)}, {"to", fmt.Sprint(to)}, {"head", fmt.Sprint(head)}, {"mark", quoted(mark(to))},
		{"now", fmt.Sprint(at)}, {"as_of", fmt.Sprint(at)}, {"entries", list(entries)},
	}
}

// usualPage is what tokens.json needs: one page with all there is.
func usualPage() page { return newPage(start, 0, 4, 4) }

func (p page) with(name, value string) page { return page(object(p).with(name, value)) }
func (p page) without(name string) page     { return page(object(p).without(name)) }
func (p page) String() string               { return object(p).String() }

// signed is a page as it is served.
func (p page) signed(k *key) string { return k.token(pageHead(k).String(), p.String()) }

func pageHead(k *key) object { return head(k).with("typ", quoted(feedType)) }

// cursor is what a follower asks with after the page.
func (p page) cursor() string {
	get := func(name string) string {
		for _, m := range p {
			if m.name == name {
				return m.value
			}
		}
		return ""
	}
	unquoted := func(text string) string { return text[1 : len(text)-1] }
	return unquoted(get("feed_id")) + "." + get("to") + "." + unquoted(get("mark"))
}

// mark is random in authd. Here it hangs on the place, so that the vectors are the same each time.
func mark(place int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "the mark of %d", place))
	return fmt.Sprintf("%x", sum[:8])
}

// entry is a kill as it stands in a page.
func entry(kind, claim string, until int64, value ...int64) string {
	out := fmt.Sprintf(`[%q,%q,%d`, kind, subject(claim), until)
	for _, v := range value {
		out += fmt.Sprintf(",%d", v)
	}
	return out + "]"
}

// subject is the beginning of a claim's hash.
func subject(claim string) string {
	sum := sha256.Sum256([]byte(claim))
	return base64url(sum[:12])
}
