package api

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// believing trusts these prefixes, and counts what it does not believe.
func believing(log *logged, ignored *int, prefixes ...string) *proxies {
	p := &proxies{log: log.logger(), ignored: func() { *ignored++ }}
	for _, prefix := range prefixes {
		p.trusted = append(p.trusted, netip.MustParsePrefix(prefix))
	}
	return p
}

// forwarded is a request whose connection comes from peer, with these lines of X-Forwarded-For.
func forwarded(peer string, lines ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = peer
	if lines != nil {
		r.Header["X-Forwarded-For"] = lines
	}
	return r
}

func TestTheClientAddressIsTheConnections(t *testing.T) { // E15
	t.Parallel()
	for peer, want := range map[string]string{
		"192.0.2.7:1234": "192.0.2.7", "[2001:db8::1]:1": "2001:db8::1", "[::ffff:192.0.2.7]:1": "192.0.2.7",
		"[fe80::1%eth0]:1": "fe80::1", "127.0.0.1:1": "127.0.0.1",
	} {
		ignored := 0
		p := believing(new(logged), &ignored, "10.0.0.0/8")
		r := forwarded(peer, "203.0.113.9")
		for _, header := range []string{"X-Real-Ip", "Forwarded", "True-Client-Ip", "Cf-Connecting-Ip", "X-Client-Ip"} {
			r.Header.Set(header, "203.0.113.9")
		}
		if got := p.client(r, time.Now()); got != netip.MustParseAddr(want) {
			t.Errorf("%s: got %v, want %s", peer, got, want)
		}
		if ignored != 1 {
			t.Errorf("%s: counted %d times, want once", peer, ignored)
		}
	}
	ignored := 0
	if got := believing(new(logged), &ignored).client(forwarded("@", "203.0.113.9"), time.Now()); got.IsValid() {
		t.Errorf("a Unix socket: got %v", got)
	}
}

func TestATrustedProxyIsBelievedFromTheRight(t *testing.T) { // E15
	t.Parallel()
	for claim, c := range map[string]struct {
		lines []string
		want  string
	}{
		"no header: the proxy asks for itself":    {nil, "10.0.0.7"},
		"one hop":                                 {[]string{"192.0.2.1"}, "192.0.2.1"},
		"what the client wrote is left of it":     {[]string{"203.0.113.9, 192.0.2.1"}, "192.0.2.1"},
		"a proxy behind a proxy":                  {[]string{"192.0.2.1, 10.0.0.8"}, "192.0.2.1"},
		"the client names a proxy of ours":        {[]string{"203.0.113.9, 10.0.0.8, 192.0.2.1, 10.0.0.9"}, "192.0.2.1"},
		"only proxies: the first of them":         {[]string{"10.0.0.8,10.0.0.9"}, "10.0.0.8"},
		"several lines are one list":              {[]string{"203.0.113.9", "192.0.2.1", "10.0.0.8"}, "192.0.2.1"},
		"an IPv6 client":                          {[]string{"2001:db8::5"}, "2001:db8::5"},
		"in brackets":                             {[]string{"[2001:db8::5]"}, "2001:db8::5"},
		"in brackets with a port":                 {[]string{"[2001:db8::5]:443"}, "2001:db8::5"},
		"with a port":                             {[]string{"192.0.2.1:5000"}, "192.0.2.1"},
		"IPv4 inside IPv6":                        {[]string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		"a proxy of ours inside IPv6":             {[]string{"192.0.2.1, ::ffff:10.0.0.8"}, "192.0.2.1"},
		"tabs and blanks":                         {[]string{" 203.0.113.9\t,\t 192.0.2.1 "}, "192.0.2.1"},
		"nothing":                                 {[]string{""}, "10.0.0.7"},
		"a word ends the walk":                    {[]string{"192.0.2.1, unknown"}, "10.0.0.7"},
		"a word behind a proxy of ours":           {[]string{"192.0.2.1, unknown, 10.0.0.8"}, "10.0.0.8"},
		"an empty place":                          {[]string{"192.0.2.1, , 10.0.0.8"}, "10.0.0.8"},
		"an empty place at the end":               {[]string{"192.0.2.1,"}, "10.0.0.7"},
		"an empty line":                           {[]string{"192.0.2.1", ""}, "10.0.0.7"},
		"a zone":                                  {[]string{"192.0.2.1, fe80::1%eth0"}, "10.0.0.7"},
		"a zone in brackets":                      {[]string{"[fe80::1%eth0]"}, "10.0.0.7"},
		"a bracket that is not closed":            {[]string{"[2001:db8::5"}, "10.0.0.7"},
		"IPv4 in brackets":                        {[]string{"[192.0.2.1]"}, "10.0.0.7"},
		"octal":                                   {[]string{"192.0.02.1"}, "10.0.0.7"},
		"a name":                                  {[]string{"evil.example"}, "10.0.0.7"},
		"a quoted address":                        {[]string{`"192.0.2.1"`}, "10.0.0.7"},
		"the form of another header":              {[]string{"for=192.0.2.1"}, "10.0.0.7"},
		"a port out of range":                     {[]string{"192.0.2.1:99999"}, "10.0.0.7"},
		"another blank than those of a list":      {[]string{"203.0.113.9,\u00a0192.0.2.1"}, "10.0.0.7"},
		"a long tail of our own, then a stranger": {[]string{"192.0.2.1" + strings.Repeat(",10.0.0.8", 1500)}, "192.0.2.1"},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			log, ignored := new(logged), 0
			p := believing(log, &ignored, "10.0.0.0/8", "2001:db8:ffff::/48")
			got := p.client(forwarded("10.0.0.7:1", c.lines...), time.Now())
			if got != netip.MustParseAddr(c.want) {
				t.Errorf("got %v, want %s", got, c.want)
			}
			if ignored != 0 || log.String() != "" {
				t.Errorf("a trusted proxy was complained about: %s", log)
			}
		})
	}
}

func TestOnlyX_Forwarded_ForIsBelieved(t *testing.T) { // E15, F17
	t.Parallel()
	ignored := 0
	p := believing(new(logged), &ignored, "10.0.0.0/8")
	r := forwarded("10.0.0.7:1")
	for _, header := range []string{"Forwarded", "X-Real-Ip", "X-Forwarded-Host", "True-Client-Ip"} {
		r.Header.Set(header, "192.0.2.1")
	}
	if got := p.client(r, time.Now()); got != netip.MustParseAddr("10.0.0.7") {
		t.Errorf("got %v", got)
	}
}

func TestWhatIsNotBelievedIsComplainedAboutOnceAMinute(t *testing.T) {
	t.Parallel()
	log, ignored := new(logged), 0
	p := believing(log, &ignored, "10.0.0.0/8")
	now := time.Now()
	for second := range 121 {
		p.client(forwarded("192.0.2.7:1", "203.0.113.9"), now.Add(time.Duration(second)*time.Second))
	}
	if got := strings.Count(log.String(), "\n"); got != 3 {
		t.Errorf("121 seconds have %d warnings, want 3:\n%s", got, log)
	}
	if ignored != 121 {
		t.Errorf("counted %d, want 121", ignored)
	}
	for _, want := range []string{`"level":"WARN"`, `"peer":"192.0.2.7"`, "AUTHD_TRUSTED_PROXIES", "X-Forwarded-For"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the warning has no %s: %s", want, log)
		}
	}
	if strings.Contains(log.String(), "203.0.113") {
		t.Errorf("the warning repeats what was sent: %s", log)
	}
	p.client(forwarded("192.0.2.7:1", "x"), now.Add(-time.Hour)) // a clock that went back does not silence it
	if got := strings.Count(log.String(), "\n"); got != 4 {
		t.Errorf("after the clock went back: %d warnings, want 4", got)
	}
	p.client(forwarded("192.0.2.7:1"), now.Add(time.Hour))
	if ignored != 122 {
		t.Error("a request without such headers was counted")
	}
}

func TestEachHeaderAboutForwardingIsComplainedAbout(t *testing.T) {
	t.Parallel()
	for _, header := range forwardHeaders {
		log, ignored := new(logged), 0
		r := forwarded("192.0.2.7:1")
		r.Header.Set(header, "x") // under the name that net/http gives it
		believing(log, &ignored).client(r, time.Now())
		if ignored != 1 || !strings.Contains(log.String(), header) {
			t.Errorf("%s: counted %d, logged %q", header, ignored, log)
		}
	}
}

// E15: both listeners, from the connection to what is stored.
func TestTheAddressOfASessionIsTheOneThatATrustedProxySaw(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	login := post("/login", `{"username":"ada","password":"`+goodPassword+`"}`)
	for claim, c := range map[string]struct {
		call call
		want string
	}{
		"a stranger":      {login.from("198.51.100.1:1").with("X-Forwarded-For", "203.0.113.9"), "198.51.100.1"},
		"a trusted proxy": {login.from(testProxy).with("X-Forwarded-For", "203.0.113.9, 192.0.2.1"), "192.0.2.1"},
	} {
		var p pair
		do(t, w, c.call).into(t, http.StatusOK, &p)
		var got struct {
			Sessions []session `json:"sessions"`
		}
		do(t, w, get("/sessions").bearing(p.AccessToken)).into(t, http.StatusOK, &got)
		for _, s := range got.Sessions {
			if s.Current && s.IP != c.want {
				t.Errorf("%s: got %q, want %q", claim, s.IP, c.want)
			}
		}
	}
	do(t, w.operators, call{method: "POST", path: "/admin/users", body: `{"username":"eve","password":"` + goodPassword + `"}`}.
		byOperator().from(testProxy).with("X-Forwarded-For", "203.0.113.9, 192.0.2.77"))
	a := do(t, w.operators, get("/admin/audit?name=user.created").byOperator())
	if !strings.Contains(string(a.body), "192.0.2.77") {
		t.Errorf("the audit does not know whom the proxy saw: %s", a.body)
	}
}

// FuzzForwardedFor holds the walk to what makes it safe: a stranger who writes anything on the left, and
// cannot touch what trusted hops appended on the right, changes nothing.
func FuzzForwardedFor(f *testing.F) {
	for _, seed := range []string{"", "203.0.113.9", "a,b,,", "10.0.0.8", "[::1]:80, 1.2.3.4:5", "::ffff:10.0.0.9", "fe80::1%x", "\x00", strings.Repeat(",", 99)} {
		f.Add(seed)
	}
	var p proxies
	p.trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	peer := netip.MustParseAddr("10.0.0.7")
	f.Fuzz(func(t *testing.T, text string) {
		for _, tail := range []string{"192.0.2.1", "192.0.2.1, 10.0.0.8", "[2001:db8::1]:7,10.1.2.3"} {
			want := p.walk(peer, []string{tail})
			for _, lines := range [][]string{{text + "," + tail}, {text, tail}, {text, text + " ,\t" + tail}} {
				if got := p.walk(peer, lines); got != want {
					t.Fatalf("%q: got %v, want %v", lines, got, want)
				}
			}
		}
		got := p.walk(peer, []string{text})
		if !got.IsValid() || got.Is4In6() || got.Zone() != "" {
			t.Fatalf("%q: got %v, which is no plain address", text, got)
		}
		if strings.TrimSpace(text) == "" && got != peer {
			t.Fatalf("%q: got %v, want the peer", text, got)
		}
	})
}
