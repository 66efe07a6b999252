package api

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/auth"
)

// fromPage is how a browser sends what a page of another listed origin asks.
func (c call) fromPage(origin string) call {
	return c.with("Origin", origin).with("Sec-Fetch-Site", "same-site").with("Sec-Fetch-Mode", "cors")
}

// fromHere is how a browser sends what a page of the issuer's own origin asks.
func (c call) fromHere() call {
	return c.with("Origin", testIssuer).with("Sec-Fetch-Site", "same-origin")
}

func (c call) baking(token string) call { return c.with("Cookie", refreshCookie+"="+token) }

const cookieLogin = `{"username":"ada","password":"` + goodPassword + `","cookie":true}`

// cookied signs in with the cookie and returns what is in it.
func (w *world) cookied(t testing.TB) (p pair, token string) {
	t.Helper()
	a := do(t, w, post("/login", cookieLogin).fromPage(string(testPages[0])))
	a.into(t, http.StatusOK, &p)
	return p, a.setCookie(t).Value
}

// setCookie returns the cookie that an answer sets or clears.
func (a answer) setCookie(t testing.TB) *http.Cookie {
	t.Helper()
	cookies := (&http.Response{Header: a.header}).Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d: cookies: got %q", a.status, a.header["Set-Cookie"])
	}
	return cookies[0]
}

func (a answer) wantCleared(t testing.TB) {
	t.Helper()
	want := refreshCookie + "=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict"
	if got := a.header.Get("Set-Cookie"); got != want {
		t.Errorf("%d: Set-Cookie: got %q, want %q", a.status, got, want)
	}
}

func (a answer) wantNoCookie(t testing.TB) {
	t.Helper()
	if got := a.header["Set-Cookie"]; got != nil {
		t.Errorf("%d: Set-Cookie: got %q", a.status, got)
	}
}

func TestARefreshTokenCanStayOutOfReachOfScripts(t *testing.T) { // F20
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	a := do(t, w, post("/login", cookieLogin).fromPage(string(testPages[0])))
	p, c := pair{}, a.setCookie(t)
	a.into(t, http.StatusOK, &p)
	want := &http.Cookie{Name: "__Host-authd_refresh", Value: c.Value, Path: "/", MaxAge: int(testIdleTTL / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode, Raw: c.Raw}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p.RefreshToken != "" || strings.Contains(string(a.body), c.Value) || !strings.HasPrefix(c.Value, "art_") {
		t.Errorf("the token is in %q, the body is %s", c.Value, a.body)
	}
	for range 3 {
		a = do(t, w, post("/refresh", "{}").baking(c.Value).fromPage(string(testPages[0])))
		next := a.setCookie(t)
		var q pair
		a.into(t, http.StatusOK, &q)
		if next.Value == c.Value || q.RefreshToken != "" || q.SessionID != p.SessionID || !w.alive(t, q) {
			t.Errorf("got %+v in %q after %q", q, next.Value, c.Value)
		}
		c = next
	}
	a = do(t, w, post("/logout", "{}").baking(c.Value).fromHere())
	a.wantCleared(t)
	if a.status != http.StatusNoContent || w.alive(t, p) {
		t.Errorf("after the logout: %d", a.status)
	}
}

func TestALoginWithoutTheWordSetsNoCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	for _, body := range []string{cookieLogin[:len(cookieLogin)-len(`,"cookie":true}`)] + "}", strings.Replace(cookieLogin, "true", "false", 1)} {
		a := do(t, w, post("/login", body).fromHere())
		a.wantNoCookie(t)
		var p pair
		if a.into(t, http.StatusOK, &p); p.RefreshToken == "" {
			t.Errorf("%s: no refresh token", body)
		}
	}
	do(t, w, post("/login", strings.Replace(cookieLogin, "true", `"true"`, 1)).fromHere()).problem(t, http.StatusBadRequest, "invalid_request")
}

// crossings are how requests look that a page may have caused which has no business here.
var crossings = map[string]func(call) call{
	"a form of another site": func(c call) call {
		return c.with("Origin", "https://evil.example").with("Sec-Fetch-Site", "cross-site")
	},
	"a sibling of the same site": func(c call) call {
		return c.with("Origin", "https://evil.issuer.test").with("Sec-Fetch-Site", "same-site")
	},
	"a frame without an origin":     func(c call) call { return c.with("Origin", "null").with("Sec-Fetch-Site", "cross-site") },
	"no origin, same-site":          func(c call) call { return c.with("Sec-Fetch-Site", "same-site") },
	"no origin, cross-site":         func(c call) call { return c.with("Sec-Fetch-Site", "cross-site") },
	"an old browser":                func(c call) call { return c.with("Origin", "https://evil.example") },
	"an old browser, null":          func(c call) call { return c.with("Origin", "null") },
	"no word of where it came from": func(c call) call { return c },
	"a site that is no word":        func(c call) call { return c.with("Origin", testIssuer).with("Sec-Fetch-Site", "whatever") },
	"two origins": func(c call) call {
		return c.with("Origin", string(testPages[0])).with("Origin", "https://evil.example").with("Sec-Fetch-Site", "same-site")
	},
	"two sites": func(c call) call { return c.with("Sec-Fetch-Site", "same-origin").with("Sec-Fetch-Site", "cross-site") },
}

func TestNothingIsDoneByCookieForAStranger(t *testing.T) { // F19
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	p, token := w.cookied(t)
	ways := map[string]func(call) call{}
	for what, crossed := range crossings {
		ways[what] = crossed
	}
	for _, origin := range strangers {
		ways["Origin: "+origin] = func(c call) call { return c.with("Origin", origin).with("Sec-Fetch-Site", "same-site") }
	}
	w.wantNoWrite(t, "strangers", func() {
		for what, crossed := range ways {
			for _, c := range []call{
				post("/refresh", "{}").baking(token), post("/logout", "{}").baking(token), post("/logout", `{"scope":"all"}`).baking(token),
				post("/logout", "").baking(token).bearing(p.AccessToken), post("/login", cookieLogin), post("/login", cookieLogin).baking(token),
				post("/password", `{"current_password":"`+goodPassword+`","new_password":"an even longer horse"}`).baking(token).bearing(p.AccessToken),
				post("/me/delete", `{"password":"`+goodPassword+`"}`).baking(token).bearing(p.AccessToken),
			} {
				a := exchanged(w, crossed(c).request(t))
				if len(c.header["Origin"]) < 2 {
					a = do(t, w, crossed(c))
				}
				a.problem(t, http.StatusForbidden, "cross_origin")
				a.wantNoCookie(t)
				if t.Failed() {
					t.Fatalf("%s: %s %s", what, c.path, c.body)
				}
			}
		}
	})
	if !w.alive(t, p) {
		t.Error("the session is over")
	}
}

func TestAFormIsNotReadWhateverItsOrigin(t *testing.T) { // F19
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	p, token := w.cookied(t)
	w.wantNoWrite(t, "forms", func() {
		do(t, w, post("/refresh", "a=b").baking(token).with("Content-Type", mediaForm).with("Origin", "https://evil.issuer.test")).
			problem(t, http.StatusForbidden, "cross_origin")
		for _, mediaType := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/plain;charset=UTF-8", "text/json", ""} {
			for _, c := range []call{post("/refresh", "{}").baking(token), post("/logout", "{}").baking(token), post("/login", cookieLogin)} {
				a := do(t, w, c.with("Content-Type", mediaType).fromHere())
				a.problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
				a.wantNoCookie(t)
			}
		}
		do(t, w, post("/logout", "").baking(token).fromHere()).problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
		do(t, w, post("/refresh", "").baking(token).fromHere()).problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	})
	if !w.alive(t, p) {
		t.Error("the session is over")
	}
}

func TestARequestHasOneRefreshToken(t *testing.T) { // F11, F20
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	p, token := w.cookied(t)
	_, other := w.cookied(t)
	w.wantNoWrite(t, "two tokens", func() {
		for what, c := range map[string]call{
			"body and cookie":               post("/refresh", `{"refresh_token":"`+token+`"}`).baking(token),
			"an empty one in the body":      post("/refresh", `{"refresh_token":""}`).baking(token),
			"body and cookie at the logout": post("/logout", `{"refresh_token":"`+token+`"}`).baking(other),
			"with an access token, too":     post("/logout", `{"refresh_token":"`+token+`"}`).baking(token).bearing(p.AccessToken),
			"two cookies":                   post("/refresh", "{}").baking(token + "; " + refreshCookie + "=" + other),
			"two headers":                   post("/refresh", "{}").baking(token).baking(other),
			"the same twice":                post("/logout", "{}").baking(token + ";" + refreshCookie + "=" + token),
			"one malformed":                 post("/refresh", "{}").baking(token + "; " + refreshCookie + "=\"\x01"),
			"one without a value":           post("/refresh", "{}").baking(token + "; " + refreshCookie),
			"two at the login":              post("/login", cookieLogin).baking(token + "; " + refreshCookie + "=x"),
		} {
			a := do(t, w, c.fromHere())
			a.problem(t, http.StatusBadRequest, "invalid_request")
			a.wantNoCookie(t)
			if t.Failed() {
				t.Fatal(what)
			}
		}
	})
}

func TestACookieOfAnotherNameIsNotOurs(t *testing.T) { // F20
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	_, token := w.cookied(t)
	for _, cookie := range []string{
		"__host-authd_refresh=" + token, "authd_refresh=" + token, "__Secure-authd_refresh=" + token, "\u2000" + refreshCookie + "=" + token,
		"x=" + refreshCookie + "=" + token, "=" + token, `"` + refreshCookie + `"=` + token, refreshCookie + " =" + token,
		"$Version=1,x=y, " + refreshCookie + "=" + token,
	} {
		a := do(t, w, post("/refresh", "{}").with("Cookie", cookie).fromHere())
		a.problem(t, http.StatusUnauthorized, "refresh_token_invalid")
		a.wantNoCookie(t)
	}
	a := do(t, w, post("/refresh", "{}").with("Cookie", "theme=dark; "+refreshCookie+"="+token+" ; lang=en").fromHere())
	if a.status != http.StatusOK {
		t.Errorf("beside others: got %d %s", a.status, a.body)
	}
}

func TestACookieThatOpensNothingIsCleared(t *testing.T) { // F20
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	_, reused := w.cookied(t)
	next := do(t, w, post("/refresh", "{}").baking(reused).fromHere()).setCookie(t).Value
	w.pass(testWindow + time.Second)
	for _, test := range []struct{ cookie, code string }{
		{"", "refresh_token_invalid"}, {"garbage", "refresh_token_invalid"}, {`"` + next + `"`, "refresh_token_invalid"},
		{next + "A", "refresh_token_invalid"}, {strings.Repeat("x", 4000), "refresh_token_invalid"},
		{reused, "refresh_token_reused"}, {next, "refresh_token_reused"},
	} {
		a := do(t, w, post("/refresh", "{}").baking(test.cookie).fromHere())
		a.problem(t, http.StatusUnauthorized, test.code)
		a.wantCleared(t)
	}
	for cookie, scope := range map[string]string{"": "session", "garbage": "all"} {
		a := do(t, w, post("/logout", `{"scope":"`+scope+`"}`).baking(cookie).fromHere())
		a.problem(t, http.StatusUnauthorized, "invalid_token")
		a.wantCleared(t)
	}
	busy, _ := brokenHandler(t, broken{err: auth.ErrUnavailable})
	for _, c := range []call{post("/refresh", "{}"), post("/logout", "{}")} {
		a := do(t, busy, c.baking(next).fromHere())
		a.problem(t, http.StatusServiceUnavailable, "temporarily_unavailable")
		a.wantNoCookie(t) // 503 never means that a token is bad
	}
}

func TestALogoutLeavesNothingInTheBrowser(t *testing.T) { // F20
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	for _, scope := range []string{"session", "others", "all"} {
		p, token := w.cookied(t)
		other, _ := w.cookied(t)
		a := do(t, w, post("/logout", `{"scope":"`+scope+`"}`).baking(token).fromHere())
		if scope == "others" {
			a.wantNoCookie(t)
		} else {
			a.wantCleared(t)
		}
		got := []bool{w.alive(t, p), w.alive(t, other)}
		if want := []bool{scope == "others", scope == "session"}; a.status != http.StatusNoContent || !slices.Equal(got, want) {
			t.Errorf("%s: %d, alive: got %v, want %v", scope, a.status, got, want)
		}
	}
	// By access token, the cookie's session dies too, whoever's it is.
	w.register(t, "bob")
	bob := w.login(t, "bob")
	own, token := w.cookied(t)
	a := do(t, w, post("/logout", "").baking(token).bearing(bob.AccessToken).fromHere())
	a.wantCleared(t)
	if a.status != http.StatusNoContent || w.alive(t, bob) || w.alive(t, own) {
		t.Errorf("two sessions: %d, alive: %v %v", a.status, w.alive(t, bob), w.alive(t, own))
	}
	// What is refused clears nothing: the cookie may be good.
	own, token = w.cookied(t)
	a = do(t, w, post("/logout", "").baking(token).bearing("x").fromHere())
	a.problem(t, http.StatusUnauthorized, "invalid_token")
	a.wantNoCookie(t)
	if !w.alive(t, own) {
		t.Error("a wrong access token ended the cookie's session")
	}
	a = do(t, w, post("/logout", "").baking("garbage").bearing(own.AccessToken).fromHere())
	if a.wantCleared(t); a.status != http.StatusNoContent {
		t.Errorf("beside garbage: got %d %s", a.status, a.body)
	}
}

func TestALoginEndsTheSessionWhoseCookieItReplaces(t *testing.T) { // F20
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	before, token := w.cookied(t)
	w.pass(time.Second)
	wrong := do(t, w, post("/login", strings.Replace(cookieLogin, goodPassword, "wrong", 1)).baking(token).fromHere())
	wrong.problem(t, http.StatusUnauthorized, "invalid_credentials")
	if wrong.wantNoCookie(t); !w.alive(t, before) {
		t.Error("a wrong password ended the session")
	}
	for _, cookie := range []string{token, "garbage", ""} {
		if a := do(t, w, post("/login", cookieLogin).baking(cookie).fromHere()); a.status != http.StatusOK {
			t.Errorf("%q: got %d %s", cookie, a.status, a.body)
		}
	}
	if w.alive(t, before) {
		t.Error("the session of the replaced cookie goes on")
	}
}

func TestANewPasswordKeepsTheWayOfTheOldSession(t *testing.T) { // F20
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	change := func(p pair, cookie string) answer {
		c := post("/password", `{"current_password":"`+goodPassword+`","new_password":"`+goodPassword+`"}`).bearing(p.AccessToken).fromHere()
		if cookie != "" {
			c = c.baking(cookie)
		}
		return do(t, w, c)
	}
	var next pair
	p, token := w.cookied(t)
	a := change(p, token)
	if a.into(t, http.StatusOK, &next); next.RefreshToken != "" || !strings.HasPrefix(a.setCookie(t).Value, "art_") {
		t.Errorf("in the cookie: got %s", a.body)
	}
	_, token = w.cookied(t)
	for what, cookie := range map[string]string{"none": "", "another session's": token, "garbage": "garbage"} {
		next = pair{}
		a := change(w.login(t, "ada"), cookie)
		a.wantNoCookie(t)
		if a.into(t, http.StatusOK, &next); next.RefreshToken == "" {
			t.Errorf("with the cookie of %s: got %s", what, a.body)
		}
	}
	p, token = w.cookied(t)
	a = do(t, w, post("/me/delete", `{"password":"`+goodPassword+`"}`).bearing(p.AccessToken).baking(token).fromHere())
	if a.wantCleared(t); a.status != http.StatusNoContent {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestTabsThatRefreshAtOnceGetOneSuccessor(t *testing.T) { // B9
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	_, token := w.cookied(t)
	for range 3 {
		successors := make([]string, 16)
		var tabs sync.WaitGroup
		for i := range successors {
			tabs.Go(func() {
				a := do(t, w, post("/refresh", "{}").baking(token).fromPage(string(testPages[0])))
				successors[i] = fmt.Sprint(a.status, " ", strings.Split(a.header.Get("Set-Cookie"), ";")[0])
			})
		}
		tabs.Wait()
		got := slices.Compact(slices.Sorted(slices.Values(successors)))
		if len(got) != 1 || !strings.HasPrefix(got[0], "200 "+refreshCookie+"=art_") {
			t.Fatalf("got %q", got)
		}
		token = strings.TrimPrefix(got[0], "200 "+refreshCookie+"=")
	}
}

func TestACookieNeedsAnIssuerThatBrowsersTrust(t *testing.T) { // F20
	t.Parallel()
	for issuer, trusted := range map[string]bool{
		"https://login.example": true, "http://localhost:8080": true, "http://login.localhost:8080": true, "http://127.0.0.1:8080": true,
		"http://[::1]:8080": true, "HTTPS://login.example": true,
		"http://login.example": false, "http://192.0.2.7:8080": false, "http://localhost.example": false, "http://127.0.0.1.example": false,
	} {
		config := broken{err: errors.New("reached")}.config(new(logged).logger())
		config.Issuer = issuer
		handler, err := New(config)
		must(t, err)
		a := exchanged(handler, post("/login", cookieLogin).fromHere().request(t))
		if trusted {
			a.problem(t, http.StatusInternalServerError, codeInternal)
		} else if p := a.problem(t, http.StatusBadRequest, "invalid_request"); p.Pointer != "/cookie" {
			t.Errorf("%s: pointer: got %q", issuer, p.Pointer)
		}
	}
}

func TestARefreshOfNothingIsRefusedAsSuch(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	a := do(t, handler, post("/refresh", "{}"))
	a.problem(t, http.StatusUnauthorized, "refresh_token_invalid")
	a.wantNoCookie(t)
}

func TestOAuthAndOperatorsLookAtNoCookie(t *testing.T) { // F19
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	p, token := w.cookied(t)
	for _, c := range []call{
		submit("/oauth/token", "grant_type=refresh_token"), submit("/oauth/revoke", ""), submit("/oauth/introspect", "token=x"),
		get("/me"), get("/sessions"), {method: "DELETE", path: "/sessions/" + p.SessionID},
	} {
		a := do(t, w, c.baking(token).fromHere())
		if a.wantNoCookie(t); a.status < 400 {
			t.Errorf("%s: got %d %s", c.path, a.status, a.body)
		}
	}
	if a := do(t, w.operators, get("/admin/users").toAdmin().baking(token)); a.status != http.StatusUnauthorized {
		t.Errorf("operators: got %d", a.status)
	}
	if !w.alive(t, p) {
		t.Error("the session is over")
	}
}
