package tokens

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestAnAbsentClaimIsLeftOutAndAnAudienceOfOneIsAString(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what   string
		claims claims
		want   string
	}{
		{"a machine's", claims{Issuer: "i", Subject: "s", Audience: audience{"a"}, Expiry: 2, IssuedAt: 1, ID: "j", Client: "s", Scope: "read"},
			`{"iss":"i","sub":"s","aud":"a","exp":2,"iat":1,"jti":"j","client_id":"s","epoch":0,"scope":"read"}`},
		{"a user's", claims{Issuer: "i", Subject: "s", Audience: audience{"a", "b"}, Expiry: 2, IssuedAt: 1, ID: "j", Client: "authd",
			Session: "d", AuthTime: 1, Epoch: 3, Roles: []string{"x", "y"}},
			`{"iss":"i","sub":"s","aud":["a","b"],"exp":2,"iat":1,"jti":"j","client_id":"authd","sid":"d","auth_time":1,"epoch":3,"roles":["x","y"]}`},
	} {
		got, err := test.claims.write([]byte("before"))
		if err != nil || string(got) != "before"+test.want {
			t.Errorf("%s: got %s, %v, want %s behind what was there", test.what, got, err, test.want)
		}
	}
}

func TestClaimsThatAreNotUTF8AreRefused(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*claims){
		func(c *claims) { c.Issuer = "\xff" },
		func(c *claims) { c.Audience = audience{"a", "\xed\xa0\x80"} },
		func(c *claims) { c.Roles = []string{"a\xc3"} },
	} {
		c := usual()
		change(&c)
		if text, err := c.write(nil); err == nil {
			t.Errorf("got %s", text)
		}
	}
}

// FuzzClaims looks for claims that are read otherwise than they were written, by our own strict reader or
// by that of the standard library.
func FuzzClaims(f *testing.F) {
	f.Add("https://auth.example", "https://api.example", "admin", "read write", int64(1), int64(3))
	f.Add(`"`, `\`, "<&>", "\u2028\u2029", int64(-1), int64(0))
	f.Add("\x00\x1f\x7f", "\U0001f512", "\ufffd", "", int64(1<<53), int64(1<<53-1))
	f.Fuzz(func(t *testing.T, issuer, aud, role, scope string, exp, epoch int64) {
		want := usual()
		want.Issuer, want.Audience, want.Roles, want.Scope, want.Expiry, want.Epoch = issuer, audience{aud, "b"}, []string{role}, scope, exp, epoch
		text, err := want.write(nil)
		valid := utf8.ValidString(issuer) && utf8.ValidString(aud) && utf8.ValidString(role) && utf8.ValidString(scope)
		if (err == nil) != valid {
			t.Fatalf("got %s, %v", text, err)
		}
		if err != nil {
			return
		}
		var got claims
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: the standard library (-want +got):\n%s", text, diff)
		}
		if epoch < 0 || epoch > maxEpoch {
			return
		}
		if got, ok := readClaims(text); !ok || !cmp.Equal(want, got) {
			t.Errorf("%s: authd reads %+v, %t", text, got, ok)
		}
	})
}
