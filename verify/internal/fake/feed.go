package fake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// kill is an entry; its place is its position, from 1 on.
type kill struct {
	entry []any
	mark  string
}

// Kill declares something dead: the kind, the claim's text, and the epoch for "sub".
func (a *Authd) Kill(kind, text string, value ...int64) {
	a.KillUntil(kind, text, time.Now().Add(7*time.Minute), value...)
}

// KillUntil is Kill with an until.
func (a *Authd) KillUntil(kind, text string, until time.Time, value ...int64) {
	entry := []any{kind, Digest(text), until.Unix()}
	if kind == "kid" {
		entry[2] = int64(253402300799)
	}
	for _, v := range value {
		entry = append(entry, v)
	}
	a.change(func() { a.kills = append(a.kills, kill{entry, hex.EncodeToString(random(8))}) })
}

// Digest is how the feed names a claim.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return Base64(sum[:12])
}

// Lose takes back the last n kills, as a failover may; their places will be given again.
func (a *Authd) Lose(n int) { a.change(func() { a.kills = a.kills[:len(a.kills)-n] }) }

// Restore makes another feed of the same kills, as authd post-restore does.
func (a *Authd) Restore() { a.change(func() { a.feedID = Base64(random(12)) }) }

// Freeze makes as_of stand still, as it does for an instance that has lost its store.
func (a *Authd) Freeze() { a.change(func() { a.frozen = time.Now() }) }

// Thaw ends Freeze.
func (a *Authd) Thaw() { a.change(func() { a.frozen = time.Time{} }) }

// SetPageSize bounds the entries of a page.
func (a *Authd) SetPageSize(n int) { a.change(func() { a.pageSize = n }) }

// Page is the payload of the page after a place, with some members changed; nil removes one.
func (a *Authd) Page(from int, changes JSON) JSON {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.page(from, changes)
}

// SignPage signs [Authd.Page].
func (a *Authd) SignPage(from int, changes JSON) string {
	return a.Key().Sign("authd-revocations+jwt", must(json.Marshal(a.Page(from, changes))))
}

func (a *Authd) page(from int, changes JSON) JSON {
	now, head := time.Now(), len(a.kills)
	to := min(head, from+a.pageSize)
	asOf := now
	if !a.frozen.IsZero() {
		asOf = a.frozen
	}
	entries := make([][]any, 0, to-from)
	for _, k := range a.kills[from:to] {
		entries = append(entries, k.entry)
	}
	page := JSON{"iss": Issuer, "feed_id": a.feedID, "from": from, "to": to, "head": head, "mark": a.mark(to),
		"now": now.UnixMilli(), "as_of": asOf.UnixMilli(), "entries": entries}
	for name, value := range changes {
		if page[name] = value; value == nil {
			delete(page, name)
		}
	}
	return page
}

// mark returns the mark of a place.
func (a *Authd) mark(place int) string {
	if place == 0 {
		return "0000000000000000"
	}
	return a.kills[place-1].mark
}

func (a *Authd) serveFeed(w http.ResponseWriter, r *http.Request) {
	wait, _ := strconv.Atoi(r.URL.Query().Get("wait"))
	if end := time.Duration(wait) * time.Second; end > 0 {
		a.hold(r, end)
	}
	a.mu.Lock()
	from, ok := a.place(r.URL.Query().Get("cursor"))
	if !ok {
		a.mu.Unlock()
		w.WriteHeader(http.StatusGone)
		return
	}
	payload := must(json.Marshal(a.page(from, nil)))
	key := a.keys[0]
	a.mu.Unlock()
	w.Header().Set("Content-Type", "application/jwt")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = fmt.Fprint(w, key.Sign("authd-revocations+jwt", payload))
}

// hold waits until there is something after the cursor, the cursor is not known, or time is up.
func (a *Authd) hold(r *http.Request, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		a.mu.Lock()
		from, ok := a.place(r.URL.Query().Get("cursor"))
		news, changed := !ok || from < len(a.kills), a.changed
		a.mu.Unlock()
		if news {
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// place returns where a cursor stands.
func (a *Authd) place(cursor string) (place int, ok bool) {
	if cursor == "" {
		return 0, true
	}
	parts := strings.Split(cursor, ".")
	if len(parts) != 3 || parts[0] != a.feedID {
		return 0, false
	}
	place, err := strconv.Atoi(parts[1])
	return place, err == nil && 0 <= place && place <= len(a.kills) && (place == 0 || a.mark(place) == parts[2])
}
