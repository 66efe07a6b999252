package revocation

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/internal/auth"
)

const (
	testIssuer = "https://issuer.test"
	testFeed   = "mB3xq0Zt7LwKpR2a"
	testTTL    = 5 * time.Minute
)

// memory is a store in memory, with as much of one as a follower asks for. Its clock is the bubble's.
type memory struct {
	mu      sync.Mutex // guards what follows
	head    Head
	entries []Entry
	down    bool
	calls   int

	slow time.Duration // what a reading takes after its clock was read; set before anybody reads
}

func (m *memory) Follow(ctx context.Context, after int64, limit int) (Reading, error) {
	r, err := m.read(after, limit)
	sleep(ctx, m.slow)
	return r, err
}

func (m *memory) read(after int64, limit int) (Reading, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.down {
		return Reading{}, errors.New("the store is down")
	}
	r := Reading{Head: m.head, Clock: time.Now()}
	if n := int64(len(m.entries)); after <= n { // the entry of number n stands at n-1
		if after > 0 {
			r.Found, r.Mark = true, m.entries[after-1].Mark
		}
		r.Entries = slices.Clone(m.entries[after:min(n, after+int64(limit))])
	}
	return r, nil
}

func (m *memory) Vouch(context.Context, time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.down {
		return errors.New("the store is down")
	}
	m.head.AsOf = time.Now()
	return nil
}

func (m *memory) CollectKills(context.Context, time.Time, int64, int) (int, error) { return 0, nil }

// kill adds entries in one transaction.
func (m *memory) kill(kills ...Kill) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.head.Mark++
	for _, k := range kills {
		m.head.Seq++
		m.entries = append(m.entries, Entry{Kill: k, Seq: m.head.Seq, Until: Until(now, testTTL), Mark: m.head.Mark})
	}
	m.head.AsOf = now
}

// loseLast takes the store back, as a failover that lost commits does.
func (m *memory) loseLast(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = m.entries[:len(m.entries)-n]
	m.head.Seq -= int64(n)
	m.head.Mark = 0
	if len(m.entries) > 0 {
		m.head.Mark = m.entries[len(m.entries)-1].Mark
	}
	m.head.Mark |= 1 << 63 // what is drawn from now on is something else
	if len(m.entries) > 0 {
		m.entries[len(m.entries)-1].Mark = m.head.Mark
	}
}

func (m *memory) setDown(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

func (m *memory) called() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

// pen signs pages with keys that tests can kill.
type pen struct {
	private *ecdsa.PrivateKey
	active  atomic.Pointer[string]
	gone    sync.Map // kid → true: not published
}

func newPen(t testing.TB) *pen {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &pen{private: private}
	p.use("one")
	return p
}

func (p *pen) use(kid string) { p.active.Store(&kid) }

func (p *pen) Published(kid string) bool {
	_, gone := p.gone.Load(kid)
	return !gone
}

func (p *pen) SignPage(into []byte, _ time.Time, payload []byte) ([]byte, string, error) {
	kid := *p.active.Load()
	encoding, start := base64.RawURLEncoding, len(into)
	into = encoding.AppendEncode(into, []byte(`{"alg":"ES256","kid":"`+kid+`","typ":"`+PageType+`"}`))
	into = encoding.AppendEncode(append(into, '.'), payload)
	digest := sha256.Sum256(into[start:])
	r, s, err := ecdsa.Sign(rand.Reader, p.private, digest[:])
	if err != nil {
		return nil, "", err
	}
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return encoding.AppendEncode(append(into, '.'), signature), kid, nil
}

// instance is one process: a follower of a store, and the feed that it serves.
type instance struct {
	*Feed
	store    *memory
	follower *Follower
	pen      *pen
}

// start runs an instance until the test ends. Before the first poll there are these entries.
func start(t *testing.T, kills ...Kill) *instance {
	t.Helper()
	store := &memory{head: Head{FeedID: testFeed, MaxTTL: testTTL, AsOf: time.Now()}}
	if len(kills) > 0 {
		store.kill(kills...)
	}
	i := join(t, store)
	synctest.Wait()
	return i
}

// join runs one more instance on a store.
func join(t testing.TB, store *memory) *instance {
	t.Helper()
	i := &instance{store: store, pen: newPen(t)}
	var err error
	if i.follower, err = New(Config{Store: store, Now: time.Now, MaxTTL: testTTL}); err != nil {
		t.Fatal(err)
	}
	i.Feed, err = NewFeed(FeedConfig{Live: i.follower, Signer: i.pen, Issuer: testIssuer, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	go i.follower.Run(t.Context())
	go i.Feed.Run(t.Context())
	return i
}

// kill adds entries to the store and lets the follower read them.
func (i *instance) kill(kills ...Kill) {
	i.store.kill(kills...)
	i.follower.Wake()
	synctest.Wait()
}

// sessions are kills of n sessions that no other call returns.
func sessions(n int) []Kill {
	kills := make([]Kill, n)
	for i := range kills {
		kills[i] = Kill{Key: Key{Sid, SubjectOf(fmt.Sprint("session ", counter.Add(1)))}}
	}
	return kills
}

var counter atomic.Int64

// page is what a reader sees of a page, read without anything of the code that wrote it.
type page struct {
	Iss     string            `json:"iss"`
	FeedID  string            `json:"feed_id"`
	From    int64             `json:"from"`
	To      int64             `json:"to"`
	Head    int64             `json:"head"`
	Mark    string            `json:"mark"`
	Now     int64             `json:"now"`
	AsOf    int64             `json:"as_of"`
	Entries []json.RawMessage `json:"entries"`

	kid string
}

const (
	integer  = `(?:0|[1-9][0-9]{0,15})`
	entryRaw = `\[(?:"(?:sid|jti|kid)","[A-Za-z0-9_-]{16}",` + integer + `|"sub","[A-Za-z0-9_-]{16}",` + integer + `,` + integer + `)\]`
)

var (
	entryForm = regexp.MustCompile(`^` + entryRaw + `$`)
	frameForm = regexp.MustCompile(`^\{"iss":"https://issuer\.test","feed_id":"[A-Za-z0-9_-]{16}","from":` + integer + `,"to":` + integer +
		`,"head":` + integer + `,"mark":"[0-9a-f]{16}","now":` + integer + `,"as_of":` + integer + `,"entries":\[(.*)\]\}$`)
)

// read holds a page to what docs/feed.md says of every page.
func (i *instance) read(t testing.TB, token []byte) page {
	t.Helper()
	parts := strings.Split(string(token), ".")
	if len(parts) != 3 {
		t.Fatalf("not a compact JWS: %.80s", token)
	}
	var raw [3][]byte
	for n, part := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || strings.ContainsAny(part, "\r\n") {
			t.Fatalf("segment %d: %v", n, err)
		}
		raw[n] = b
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	r, s := new(big.Int).SetBytes(raw[2][:32]), new(big.Int).SetBytes(raw[2][32:])
	if !ecdsa.Verify(&i.pen.private.PublicKey, digest[:], r, s) {
		t.Fatal("the signature is not good")
	}
	var p page
	var header struct{ Alg, Kid, Typ string }
	mustDecode(t, raw[0], &header)
	mustDecode(t, raw[1], &p)
	p.kid = header.Kid
	frame := frameForm.FindSubmatch(raw[1])
	if frame == nil || header.Typ != "authd-revocations+jwt" {
		t.Fatalf("not the form of a page: %.400s", raw[1])
	}
	if got, want := string(frame[1]), string(bytes.Join(asBytes(p.Entries), []byte(","))); got != want {
		t.Errorf("something is between the entries")
	}
	for _, e := range p.Entries {
		if !entryForm.Match(e) {
			t.Errorf("not the form of an entry: %s", e)
		}
	}
	n := int64(len(p.Entries))
	if p.From > p.To || p.To > p.Head || n > 16384 || n > p.To-p.From || p.To < p.Head && n == 0 || p.AsOf > p.Now || len(token) > 2<<20 {
		t.Errorf("out of bounds: %d entries, %d bytes, %+v", n, len(token), page{From: p.From, To: p.To, Head: p.Head, Now: p.Now, AsOf: p.AsOf})
	}
	if age := time.Now().UnixMilli() - p.Now; age > 1000 {
		t.Errorf("sent %d ms after it was made", age)
	}
	return p
}

func asBytes(raw []json.RawMessage) [][]byte {
	out := make([][]byte, len(raw))
	for i := range raw {
		out[i] = raw[i]
	}
	return out
}

func mustDecode(t testing.TB, text []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil || d.More() {
		t.Fatalf("%v: %.200s", err, text)
	}
}

func (p page) cursor() string { return fmt.Sprintf("%s.%d.%s", p.FeedID, p.To, p.Mark) }

// ask polls and reads the page. An empty cursor is none.
func (i *instance) ask(t testing.TB, cursor string, wait time.Duration) (page, time.Duration) {
	t.Helper()
	answer, err := i.Poll(t.Context(), Ask{Beginning: cursor == "", Cursor: cursor, Wait: wait})
	if err != nil {
		t.Fatalf("poll %q: %v", cursor, err)
	}
	defer answer.Done()
	return i.read(t, answer.Token()), answer.RetryAfter
}

// refused polls and wants an error.
func (i *instance) refused(t testing.TB, cursor string, wait time.Duration, want *auth.Error) {
	t.Helper()
	answer, err := i.Poll(t.Context(), Ask{Cursor: cursor, Wait: wait})
	if !errors.Is(err, want) {
		t.Errorf("poll %q: got %v, want %v", cursor, err, want)
	}
	if err == nil {
		answer.Done()
	}
}

// within runs what is not to take longer, by the bubble's clock.
func within(t testing.TB, what string, least, most time.Duration, act func()) {
	t.Helper()
	began := time.Now()
	act()
	if took := time.Since(began); took < least || took > most {
		t.Errorf("%s: took %v, want %v to %v", what, took, least, most)
	}
}
