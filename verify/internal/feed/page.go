package feed

import (
	"encoding/base64"
	"errors"
	"math"

	"github.com/authd/authd/verify/internal/live"
	"github.com/authd/authd/verify/internal/strictjson"
)

const (
	// Type is the typ of a page's header.
	Type = "authd-revocations+jwt"
	// MaxPage bounds the text of a page.
	MaxPage = 2 << 20

	maxEntries = 16_384
	forever    = 253_402_300_799 // the until of a key: the end of the year 9999
)

// ErrPage is a payload that is no page.
var ErrPage = errors.New("not a page of the feed")

// A Page is what a payload says. Times are milliseconds since 1970.
type Page struct {
	Issuer         string
	FeedID         string
	From, To, Head int64
	Mark           string // of the place To
	Now, AsOf      int64
	Kills          []live.Record
	Keys           []live.Digest // of kids that were killed
}

// Decode reads a payload. The page's kills use the memory of buf. Nothing is passed over: a member or an
// entry that is not known makes the whole page one that is not understood.
func Decode(payload []byte, buf []live.Record) (*Page, error) {
	r, err := strictjson.NewReader(payload)
	if err != nil {
		return nil, ErrPage
	}
	d := decoder{r: r, page: Page{Kills: buf[:0]}}
	if r.Object(d.member) != nil || r.End() != nil || d.members != 9 || !d.page.consistent() {
		return nil, ErrPage
	}
	return &d.page, nil
}

// consistent reports whether the numbers and ids can be those of a page.
func (p *Page) consistent() bool {
	return p.From <= p.To && p.To <= p.Head && isFeedID(p.FeedID) && isMark(p.Mark)
}

type decoder struct {
	r       *strictjson.Reader
	page    Page
	members int
	entries int
}

func (d *decoder) member(name []byte) (err error) {
	d.members++
	p := &d.page
	switch string(name) {
	case "iss":
		p.Issuer, err = d.text()
	case "feed_id":
		p.FeedID, err = d.text()
	case "mark":
		p.Mark, err = d.text()
	case "from":
		p.From, err = d.r.Int()
	case "to":
		p.To, err = d.r.Int()
	case "head":
		p.Head, err = d.r.Int()
	case "now":
		p.Now, err = d.r.Int()
	case "as_of":
		p.AsOf, err = d.r.Int()
	case "entries":
		err = d.r.Array(d.entry)
	default:
		err = ErrPage
	}
	return err
}

func (d *decoder) text() (string, error) {
	b, err := d.r.String()
	return string(b), err
}

// entry reads [kind, subject, until], or of a subject [kind, subject, until, value].
func (d *decoder) entry() error {
	if d.entries++; d.entries > maxEntries {
		return ErrPage
	}
	var e entry
	if err := d.r.Array(func() error { return e.read(d.r) }); err != nil {
		return err
	}
	return e.addTo(&d.page)
}

type entry struct {
	record live.Record
	key    bool
	until  int64
	seen   int // elements
}

func (e *entry) read(r *strictjson.Reader) (err error) {
	e.seen++
	switch e.seen {
	case 1:
		return e.kind(r)
	case 2:
		return e.digest(r)
	case 3:
		e.until, err = r.Int()
		return err
	case 4:
		var value int64
		value, err = r.Int()
		e.record.Value = uint64(value)
		return err
	}
	return ErrPage
}

func (e *entry) kind(r *strictjson.Reader) error {
	name, err := r.String()
	if err != nil {
		return err
	}
	switch string(name) {
	case "sid":
		e.record.Kind = live.Session
	case "jti":
		e.record.Kind = live.Token
	case "sub":
		e.record.Kind = live.Subject
	case "kid":
		e.key = true
	default:
		return ErrPage
	}
	return nil
}

func (e *entry) digest(r *strictjson.Reader) error {
	text, err := r.String()
	if err != nil {
		return err
	}
	// 16 letters are 12 bytes without a loose bit; the decoder would skip the line breaks that a JSON
	// string can have by escapes, and then there are fewer.
	if len(text) != 16 {
		return ErrPage
	}
	if n, err := base64.RawURLEncoding.Decode(e.record.Digest[:], text); err != nil || n != len(e.record.Digest) {
		return ErrPage
	}
	return nil
}

func (e *entry) addTo(p *Page) error {
	want := 3
	if e.record.Kind == live.Subject {
		want = 4
	}
	if e.seen != want || e.key && e.until != forever {
		return ErrPage
	}
	if e.key {
		p.Keys = append(p.Keys, e.record.Digest)
		return nil
	}
	e.record.Until = uint32(min(e.until, math.MaxUint32))
	p.Kills = append(p.Kills, e.record)
	return nil
}

func isFeedID(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return len(text) == 16
}

func isMark(text string) bool {
	for i := range len(text) {
		if c := text[i]; !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return len(text) == 16
}
