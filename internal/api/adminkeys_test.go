package api

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/tokens"
)

// someKey is a kid that no store has.
const someKey = "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"

// listedKeys reads a page of keys.
func (w *world) listedKeys(t testing.TB, query string) (page adminKeyPage) {
	t.Helper()
	w.operate(t, get("/admin/keys"+query), 200).into(t, 200, &page)
	return page
}

// keyIn is the one key of a state.
func keyIn(t testing.TB, page adminKeyPage, state string) adminKey {
	t.Helper()
	for _, key := range page.Keys {
		if key.State == state {
			return key
		}
	}
	t.Fatalf("no key is %s: %+v", state, page.Keys)
	return adminKey{}
}

// kidOf reads which key signed a token.
func kidOf(t testing.TB, p pair) string {
	t.Helper()
	text, _, _ := strings.Cut(p.AccessToken, ".")
	b, err := base64.RawURLEncoding.DecodeString(text)
	must(t, err)
	var header struct {
		KID string `json:"kid"`
	}
	must(t, json.Unmarshal(b, &header))
	return header.KID
}

func TestAnOperatorSeesWhatSignsAndWhatComesNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.listedKeys(t, "")
	if len(page.Keys) != 2 || page.NextCursor != "" {
		t.Fatalf("got %+v, want the two keys of a first boot", page)
	}
	next, active := page.Keys[0], page.Keys[1] // the newest first
	if next.State != "next" || next.SignsFrom != "" || active.State != "active" || active.SignsFrom == "" {
		t.Errorf("got %+v", page.Keys)
	}
	if got := kidOf(t, w.session(t, "ada")); got != active.KID {
		t.Errorf("signed by %s, and %s is the active one", got, active.KID)
	}
}

// Whoever asks twice, because the first answer was lost, must not turn twice.
func TestTurningTheKeyTwiceTurnsItOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	next := keyIn(t, w.listedKeys(t, ""), "next")
	var first, second adminKey
	w.operate(t, post("/admin/keys/rotate", ""), 200).into(t, 200, &first)
	w.operate(t, post("/admin/keys/rotate", ""), 200).into(t, 200, &second)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the second answer (-first +second):\n%s", diff)
	}
	signsFrom, err := time.Parse(time.RFC3339, first.SignsFrom)
	if err != nil || first.KID != next.KID || !signsFrom.After(time.Now()) {
		t.Errorf("got %+v, want %s to sign later than now", first, next.KID)
	}
}

// D5: whoever is signed in stays so.
func TestAKilledKeyIsBelievedByNobodyAndSessionsGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	old := kidOf(t, p)
	for range 2 { // killed before is no fault
		w.operate(t, del("/admin/keys/"+old), 204)
	}
	do(t, w, get("/me").bearing(p.AccessToken)).problem(t, http.StatusUnauthorized, "invalid_token")
	var next pair
	w.refresh(t, p.RefreshToken).into(t, http.StatusOK, &next)
	if kidOf(t, next) == old || !w.alive(t, next) {
		t.Error("the next token is not one of another key, or is dead")
	}
	page := w.listedKeys(t, "")
	if killed := keyIn(t, page, "killed"); killed.KID != old || killed.KilledAt == "" || killed.GoesAt != "" {
		t.Errorf("got %+v", killed)
	}
	keyIn(t, page, "active")
	keyIn(t, page, "next")
	var events eventPage
	w.operate(t, get("/admin/audit?name=key.killed"), 200).into(t, 200, &events)
	if len(events.Events) != 1 || events.Events[0].Subject != old || events.Events[0].Actor != "admin" {
		t.Errorf("the audit has %+v, want one kill by an operator", events.Events)
	}
}

// slots is a keyring of so many keys.
type slots int

func (n slots) Keys(context.Context) (list []tokens.KeyInfo, _ error) {
	for slot := range int64(n) {
		var kid [32]byte
		binary.BigEndian.PutUint64(kid[:], uint64(slot))
		list = append(list, tokens.KeyInfo{KID: base64.RawURLEncoding.EncodeToString(kid[:]), Alg: "ES256", Slot: slot + 1,
			State: tokens.KeyGone, CreatedAt: time.Unix(slot, 0), SignsFrom: time.Unix(slot+1, 0), RetiredAt: time.Unix(slot+2, 0), GoesAt: time.Unix(slot+3, 0)})
	}
	return list, nil
}

func (slots) Rotate(context.Context, tokens.Origin) (k tokens.KeyInfo, _ error) { return k, nil }
func (slots) Kill(context.Context, string, tokens.Origin) error                 { return nil }

func TestKeysComeInPagesTheNewestFirst(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 4, 5} {
		c := adminConfig(t)
		c.Keys = slots(n)
		handler, err := NewAdmin(c)
		must(t, err)
		want, _ := c.Keys.Keys(t.Context())
		seen, pages := len(want), 0
		for query := "?limit=2"; query != ""; pages++ {
			var page adminKeyPage
			do(t, handler, get("/admin/keys"+query).byOperator()).into(t, 200, &page)
			for _, key := range page.Keys {
				seen--
				if seen < 0 || key != adminKeyOf(want[seen]) {
					t.Fatalf("of %d keys: got %+v with %d to come", n, key, seen)
				}
			}
			query = ""
			if page.NextCursor != "" {
				query = "?limit=2&cursor=" + page.NextCursor
			}
		}
		if wantPages := max(1, (n+1)/2); seen != 0 || pages != wantPages {
			t.Errorf("of %d keys: %d are missing after %d pages, want %d", n, seen, pages, wantPages)
		}
		do(t, handler, get("/admin/keys?cursor="+cursor('k', "short")).byOperator()).problem(t, 400, "invalid_request")
		do(t, handler, get("/admin/keys?cursor="+cursor('s', "12345678")).byOperator()).problem(t, 400, "invalid_request")
	}
}
