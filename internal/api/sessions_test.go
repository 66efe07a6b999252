package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/auth"
)

func TestALoginSaysHowLongEverythingLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	ends, err := time.Parse(time.RFC3339, p.SessionExpiresAt)
	must(t, err)
	if p.TokenType != "Bearer" || p.ExpiresIn != 300 || p.RefreshExpiresIn != int64(testIdleTTL/time.Second) {
		t.Errorf("got %+v", p)
	}
	if left := time.Until(ends); left > testSessionTTL || left < testSessionTTL-time.Hour {
		t.Errorf("the session ends in %v, want about %v", left, testSessionTTL)
	}
}

func TestAPairIsWrittenAsAnEncoderWouldWriteIt(t *testing.T) {
	t.Parallel()
	inBody := pair{AccessToken: "eyJ.e-_.s", TokenType: "Bearer", ExpiresIn: 300, RefreshToken: "art_x-_", RefreshExpiresIn: 2592000,
		SessionID: "AAECAwQFBgcICQoLDA0ODw", SessionExpiresAt: timestamp(time.Date(2026, 3, 1, 12, 0, 0, 1000, time.UTC))}
	inCookie := inBody
	inCookie.RefreshToken = ""
	for _, p := range []pair{inBody, inCookie, {}} {
		want, err := json.Marshal(p)
		must(t, err)
		if got := p.appendTo(nil); string(got) != string(want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestALoginIsStoredWithWhereItCameFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	var p pair
	do(t, w, post("/login", `{"username":"ada","password":"`+goodPassword+`","device":" Ada's phone\n"}`).
		with("User-Agent", "app/1 \x1b[31m"+strings.Repeat("x", 300)).with("X-Forwarded-For", "203.0.113.9").
		from("[::ffff:192.0.2.7]:4711")).into(t, http.StatusOK, &p)
	id, err := auth.ParseSessionID(p.SessionID)
	must(t, err)
	rows, _, err := w.store.LoadSessions(t.Context(), []auth.SessionID{id})
	must(t, err)
	got := []string{rows[0].Device, rows[0].UserAgent, rows[0].LoginIP.String()}
	want := []string{"Ada's phone", "app/1 [31m" + strings.Repeat("x", 246), "192.0.2.7"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("origin (-want +got):\n%s", diff)
	}
}

// E8 at the wire: whoever may not come in learns nothing of why.
func TestEveryFailedLoginGetsTheSameBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	login := func(username, password string) answer {
		body := `{"username":"` + username + `","password":"` + password + `"}`
		a := do(t, w, post("/login", body).with("X-Request-Id", "same"))
		a.problem(t, http.StatusUnauthorized, "invalid_credentials")
		return a
	}
	want := login("ada", "wrong horse battery")
	for _, test := range [][2]string{
		{"bob", goodPassword}, {"ada", ""}, {"", ""}, {"", goodPassword}, {"a b", goodPassword}, {`a\u0000`, "x"},
		{"ada", `abc\u0000def`}, {"ada", strings.Repeat("a", 15000)}, {strings.Repeat("a", 15000), "x"},
		{"ada", goodPassword + " "}, {"ada", strings.ToUpper(goodPassword)}, {"ada' or '1'='1", "x"},
	} {
		w.wantNoWrite(t, test[0], func() {
			got := login(test[0], test[1])
			if string(got.body) != string(want.body) {
				t.Errorf("%.20q, %.20q: got %s, want %s", test[0], test[1], got.body, want.body)
			}
			if diff := cmp.Diff(want.header, got.header); diff != "" {
				t.Errorf("%.20q, %.20q: headers (-want +got):\n%s", test[0], test[1], diff)
			}
		})
	}
}

func TestARefreshGivesTheNextPair(t *testing.T) { // B1, B4
	t.Parallel()
	w := newWorld(t)
	first := w.session(t, "ada")
	var second, again pair
	w.refresh(t, first.RefreshToken).into(t, http.StatusOK, &second)
	if second.RefreshToken == first.RefreshToken || second.SessionID != first.SessionID {
		t.Errorf("got %+v after %+v", second, first)
	}
	w.wantNoWrite(t, "a lost answer", func() {
		w.refresh(t, first.RefreshToken).into(t, http.StatusOK, &again)
	})
	if again.RefreshToken != second.RefreshToken {
		t.Error("a lost answer was not given again")
	}
	if !w.alive(t, first) || !w.alive(t, second) || !w.alive(t, again) {
		t.Error("an access token of the session is dead")
	}
}

func TestARefusedRefreshSaysWhy(t *testing.T) { // B2, B15, B23
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	for _, test := range []struct {
		code  string
		spoil func(first pair) (shown string)
	}{
		{"refresh_token_invalid", func(p pair) string { return p.AccessToken }}, // A27
		{"refresh_token_reused", func(p pair) string {
			w.refresh(t, p.RefreshToken)
			w.pass(testWindow + time.Second)
			return p.RefreshToken
		}},
		{"refresh_token_reused", func(p pair) string { // the newest one, once theft is assumed
			var next pair
			w.refresh(t, p.RefreshToken).into(t, http.StatusOK, &next)
			w.pass(testWindow + time.Second)
			w.refresh(t, p.RefreshToken)
			return next.RefreshToken
		}},
		{"session_revoked", func(p pair) string {
			do(t, w, post("/logout", "").bearing(p.AccessToken))
			return p.RefreshToken
		}},
		{"session_expired", func(p pair) string {
			w.pass(testIdleTTL)
			return p.RefreshToken
		}},
	} {
		shown := test.spoil(w.login(t, "ada"))
		a := w.refresh(t, shown)
		p := a.problem(t, http.StatusUnauthorized, test.code)
		if p.Error != "invalid_grant" || p.ErrorDescription == "" {
			t.Errorf("%s: got %s", test.code, a.body)
		}
	}
}

func TestATokenThatIsNotToTheLetterOursOpensNothing(t *testing.T) { // B21
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	for what, shown := range spoiled(p.RefreshToken) {
		w.wantNoWrite(t, what, func() {
			w.refresh(t, shown).problem(t, http.StatusUnauthorized, "refresh_token_invalid")
			do(t, w, post("/logout", `{"refresh_token":"`+shown+`"}`)).problem(t, http.StatusUnauthorized, "invalid_token")
		})
	}
	for what, shown := range spoiled(p.AccessToken) {
		w.wantNoWrite(t, what, func() {
			for _, c := range []call{get("/me"), post("/logout", "")} {
				a := do(t, w, c.with("Authorization", "Bearer "+shown))
				if a.status != http.StatusUnauthorized && a.status != http.StatusBadRequest {
					t.Errorf("%s %s: got %d %s", c.path, what, a.status, a.body)
				}
			}
		})
	}
	if w.refresh(t, p.RefreshToken).status != http.StatusOK || !w.alive(t, p) {
		t.Error("the session did not survive the attempts")
	}
}

func TestWithoutItsStoreTheServiceAsksForPatience(t *testing.T) { // G2
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	must(t, w.store.Close())
	for _, c := range []call{
		post("/register", takers[0].good), post("/login", `{"username":"ada","password":"`+goodPassword+`"}`),
		post("/refresh", `{"refresh_token":"`+p.RefreshToken+`"}`), post("/logout", "").bearing(p.AccessToken),
		post("/logout", `{"scope":"all"}`).bearing(p.AccessToken), get("/me").bearing(p.AccessToken),
		get("/sessions").bearing(p.AccessToken), del("/sessions/" + p.SessionID).bearing(p.AccessToken),
		post("/password", takers[4].good).bearing(p.AccessToken), post("/me/delete", takers[6].good).bearing(p.AccessToken),
	} {
		do(t, w, c).problem(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	}
	do(t, w, get("/readyz")).problem(t, http.StatusServiceUnavailable, "not_ready")
	for _, path := range []string{"/livez", "/.well-known/jwks.json"} {
		if a := do(t, w, get(path)); a.status != http.StatusOK {
			t.Errorf("%s: got %d %s", path, a.status, a.body)
		}
	}
	// What needs no store is answered as ever: a forged token never gets that far.
	w.refresh(t, "art_x").problem(t, http.StatusUnauthorized, "refresh_token_invalid")
}

// spoiled returns variants of a token, none of which is the token.
func spoiled(token string) map[string]string {
	variants := map[string]string{
		"empty": "", "cut at the end": token[:len(token)-1], "cut at the start": token[1:], "twice": token + token,
		"with a letter more": token + "A", "with padding": token + "=", "with a line break": token[:9] + `\n` + token[9:],
		"with a space": token + " ", "in capitals": strings.ToUpper(token), "without its prefix": strings.TrimPrefix(token, "art_"),
		"long": strings.Repeat(token, 10),
	}
	if variants["without its prefix"] == token {
		delete(variants, "without its prefix")
	}
	for i := 0; i < len(token); i += 7 {
		other := byte('A')
		if token[i] == other {
			other = 'B'
		}
		variants[fmt.Sprintf("with letter %d changed", i)] = token[:i] + string(other) + token[i+1:]
	}
	return variants
}
