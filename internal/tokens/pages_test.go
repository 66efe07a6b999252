package tokens

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// The same keys sign access tokens and pages of the feed, and neither is ever taken for the other (A17).
func TestAPageIsNoAccessToken(t *testing.T) {
	t.Parallel()
	k := testRing(t)
	token := mustSign(t, k, usual())
	_, payload, _ := strings.Cut(token, ".")
	payload, _, _ = strings.Cut(payload, ".")
	claims, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	// Even one that says what an access token says.
	page, kid, err := k.SignPage([]byte("before"), noon, claims)
	if err != nil {
		t.Fatal(err)
	}
	text, found := strings.CutPrefix(string(page), "before")
	if !found {
		t.Fatalf("what stood before is gone: %.20s", page)
	}
	if _, ok := k.openAccess(text); ok {
		t.Error("a page opens as an access token")
	}
	header, rest, _ := strings.Cut(text, ".")
	ofTokens, _, _ := strings.Cut(token, ".")
	if _, ok := k.openAccess(ofTokens + "." + rest); ok {
		t.Error("a page under the header of a token opens")
	}
	got, err := base64.RawURLEncoding.DecodeString(header)
	if want := `{"alg":"ES256","kid":"` + kid + `","typ":"authd-revocations+jwt"}`; err != nil || string(got) != want {
		t.Errorf("header: got %s, want %s", got, want)
	}
	if key := k.ring.Load().active(noon); !key.verify(text[:strings.LastIndex(text, ".")], text[strings.LastIndex(text, ".")+1:]) || key.kid != kid {
		t.Error("the signature is not that of the key which signs")
	}
	if !k.Published(kid) || k.Published("another") || k.Published("") {
		t.Error("what is published is not what signs")
	}
}

func TestNoKeySignsNoPage(t *testing.T) {
	t.Parallel()
	k := testRing(t)
	if _, _, err := k.SignPage(nil, noon.Add(-time.Hour*24*365), []byte("{}")); auth.KindOf(err) != auth.Unavailable {
		t.Errorf("got %v", err)
	}
}

// told is a feed as it was read: that of the example in docs/feed.md.
type told struct {
	view    revocation.View
	entries []revocation.Entry
}

func (f told) View() revocation.View { return f.view }

func (f told) Entries(after int64, limit int, into []revocation.Entry) []revocation.Entry {
	for _, e := range f.entries {
		if e.Seq > after && len(into) < limit {
			into = append(into, e)
		}
	}
	return into
}

func (told) Knows(revocation.Cursor) (known, beyond bool)  { return true, false }
func (told) AwaitKeyring()                                 {}
func (told) NextPoll() <-chan struct{}                     { return nil }
func (told) Check(revocation.Token) (v revocation.Verdict) { return v }

// exampleFeed is what the page says that the example is about.
func exampleFeed() told {
	now := time.Date(2026, 11, 22, 14, 27, 6, 120e6, time.UTC)
	entry := func(seq int64, kind revocation.Kind, claim string, until, value int64) revocation.Entry {
		return revocation.Entry{Seq: seq, Mark: 0x9f3c5a7e01d2b684, Until: time.Unix(until, 0),
			Kill: revocation.Kill{Key: revocation.Key{Kind: kind, Subject: revocation.SubjectOf(claim)}, Value: value}}
	}
	return told{
		view: revocation.View{FeedID: "mB3xq0Zt7LwKpR2a", Seq: 45, Head: 45, Mark: 0x9f3c5a7e01d2b684,
			Clock: now, AsOf: now.Add(-840 * time.Millisecond)},
		entries: []revocation.Entry{
			entry(42, revocation.Sid, "AZqr_FvkfVqdDzxBpPDC7g", 1795358043, 0),
			entry(43, revocation.Jti, "q83vEjRWeJCrze8S", 1795358044, 0),
			entry(44, revocation.Sub, "019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee", 1795358046, 4),
			entry(45, revocation.Kid, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", 0, 0),
		},
	}
}

// fixedPen signs with one key.
type fixedPen struct{ key *signingKey }

func (fixedPen) Published(string) bool { return true }

func (p fixedPen) SignPage(into []byte, _ time.Time, payload []byte) ([]byte, string, error) {
	page, err := p.key.signPage(into, payload)
	return page, p.key.kid, err
}

func TestTheExampleOfTheFeedIsWhatAuthdWrites(t *testing.T) {
	t.Parallel()
	examples := readExamples(t)
	key := exampleKey(t)
	if got := strings.TrimSpace(string(key.jwk)); !sameJSON(t, got, examples["key"]) {
		t.Errorf("key: got %s", got)
	}
	feed, err := revocation.NewFeed(revocation.FeedConfig{Live: exampleFeed(), Signer: fixedPen{key},
		Issuer: "https://auth.example.com", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := feed.Poll(t.Context(), revocation.Ask{Cursor: "mB3xq0Zt7LwKpR2a.40.5d0c1f7700aa93e1"})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Done()
	got := strings.Split(string(answer.Token()), ".")
	want := strings.Split(examples["page"], ".")
	for n, name := range []string{"header", "payload"} {
		text, err := base64.RawURLEncoding.DecodeString(got[n])
		if err != nil || string(text) != examples[name] || got[n] != want[n] {
			t.Errorf("%s: authd writes\n%s\nand the page has\n%s", name, text, examples[name])
		}
	}
	if !key.verify(want[0]+"."+want[1], want[2]) {
		t.Error("the signature of the example is not good")
	}
	if want := "mB3xq0Zt7LwKpR2a.45.9f3c5a7e01d2b684"; examples["cursor"] != want {
		t.Errorf("cursor: got %s, want %s", examples["cursor"], want)
	}
	if size := regexp.MustCompile(`one line of (\d+) characters`).FindStringSubmatch(examples[""]); size == nil || size[1] != strconv.Itoa(len(examples["page"])) {
		t.Errorf("the page has %d characters, and the text says %v", len(examples["page"]), size)
	}
}

// readExamples returns what stands below the marks in docs/feed.md, by their names, and the whole page
// under no name.
func readExamples(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/feed.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := map[string]string{"": string(text)}
	for _, found := range regexp.MustCompile("<!-- example: (\\w+) -->\n```\\w+\n(.*)\n```\n").FindAllStringSubmatch(string(text), -1) {
		examples[found[1]] = found[2]
	}
	for _, name := range []string{"key", "header", "payload", "page", "cursor"} {
		if examples[name] == "" {
			t.Fatalf("docs/feed.md has no example named %s", name)
		}
	}
	return examples
}

// exampleKey is the key of RFC 7515, appendix A.3.
func exampleKey(t *testing.T) *signingKey {
	t.Helper()
	d, err := base64.RawURLEncoding.DecodeString("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI")
	if err != nil {
		t.Fatal(err)
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	_, kid, err := publicJWK(ES256, es256{private})
	if err != nil {
		t.Fatal(err)
	}
	key, err := openKey(PublishedKey{KID: kid, Slot: 1, Alg: string(ES256)}, secret)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var decoded [2]map[string]any
	for n, text := range []string{a, b} {
		if err := json.Unmarshal([]byte(text), &decoded[n]); err != nil {
			t.Fatal(err)
		}
	}
	return cmp.Equal(decoded[0], decoded[1])
}
