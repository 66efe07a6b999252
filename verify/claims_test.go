package verify_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/authd/authd/verify"
	"github.com/authd/authd/verify/internal/fake"
)

func TestOnlyTokensForUsAreAccepted(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	v := start(t, config(authd))
	for claim, c := range map[string]struct {
		changes fake.JSON
		want    error
	}{
		"our audience":                           {nil, nil},
		"our audience in an array":               {fake.JSON{"aud": []string{fake.Audience}}, nil},
		"our audience among others":              {fake.JSON{"aud": []string{"x", fake.Audience}}, nil},
		"A18: no audience":                       {fake.JSON{"aud": nil}, verify.ErrInvalid},
		"A18: another audience":                  {fake.JSON{"aud": "https://other.example.com"}, verify.ErrInvalid},
		"A18: a part of ours":                    {fake.JSON{"aud": "https://api.example"}, verify.ErrInvalid},
		"A18: more than ours":                    {fake.JSON{"aud": fake.Audience + ".evil"}, verify.ErrInvalid},
		"A18: ours with a slash":                 {fake.JSON{"aud": fake.Audience + "/"}, verify.ErrInvalid},
		"A18: others":                            {fake.JSON{"aud": []string{"x", "y"}}, verify.ErrInvalid},
		"A18: an empty array":                    {fake.JSON{"aud": []string{}}, verify.ErrInvalid},
		"A18: a number among strings":            {fake.JSON{"aud": []any{fake.Audience, 1}}, verify.ErrInvalid},
		"A18: an array in an array":              {fake.JSON{"aud": [][]string{{fake.Audience}}}, verify.ErrInvalid},
		"A18: an object":                         {fake.JSON{"aud": fake.JSON{fake.Audience: 1}}, verify.ErrInvalid},
		"A8, A19: another issuer":                {fake.JSON{"iss": "https://evil.example.com"}, verify.ErrInvalid},
		"A19: no issuer":                         {fake.JSON{"iss": nil}, verify.ErrInvalid},
		"A19: ours with a slash":                 {fake.JSON{"iss": fake.Issuer + "/"}, verify.ErrInvalid},
		"A19: ours in capitals":                  {fake.JSON{"iss": "HTTPS://auth.example.com"}, verify.ErrInvalid},
		"A19: a part of ours":                    {fake.JSON{"iss": "https://auth.example"}, verify.ErrInvalid},
		"A19: ours in an array":                  {fake.JSON{"iss": []string{fake.Issuer}}, verify.ErrInvalid},
		"no subject":                             {fake.JSON{"sub": nil}, verify.ErrInvalid},
		"an empty subject":                       {fake.JSON{"sub": ""}, verify.ErrInvalid},
		"a subject that is a number":             {fake.JSON{"sub": 1}, verify.ErrInvalid},
		"no id":                                  {fake.JSON{"jti": nil}, verify.ErrInvalid},
		"no client":                              {fake.JSON{"client_id": nil}, verify.ErrInvalid},
		"no epoch":                               {fake.JSON{"epoch": nil}, verify.ErrInvalid},
		"an epoch below zero":                    {fake.JSON{"epoch": -1}, verify.ErrInvalid},
		"an epoch in a string":                   {fake.JSON{"epoch": "3"}, verify.ErrInvalid},
		"an epoch with a fraction":               {fake.JSON{"epoch": 3.5}, verify.ErrInvalid},
		"a session that cannot be named":         {fake.JSON{"sid": ""}, verify.ErrInvalid},
		"a session that is null":                 {fake.JSON{"sid": []byte(nil)}, verify.ErrInvalid},
		"a machine":                              {fake.JSON{"sid": nil, "auth_time": nil}, nil},
		"claims that nobody knows":               {fake.JSON{"x": fake.JSON{"y": []any{1.5e3, -2, true, false, nil, "\"\\/\u00e9"}}}, nil},
		"A20: no exp":                            {fake.JSON{"exp": nil}, verify.ErrInvalid},
		"A20: exp in a string":                   {fake.JSON{"exp": "9999999999"}, verify.ErrInvalid},
		"A20: exp that is null":                  {fake.JSON{"exp": []byte(nil)}, verify.ErrInvalid},
		"A20: exp below zero":                    {fake.JSON{"exp": -1}, verify.ErrInvalid},
		"A22: an hour and a second":              {fake.JSON{"exp": time.Now().Unix() + 3601, "iat": time.Now().Unix()}, verify.ErrInvalid},
		"A22: a year":                            {fake.JSON{"exp": time.Now().Unix() + 366*86400}, verify.ErrInvalid},
		"A22: no iat":                            {fake.JSON{"iat": nil}, verify.ErrInvalid},
		"A22: iat after exp":                     {fake.JSON{"exp": time.Now().Unix() + 5, "iat": time.Now().Unix() + 6}, verify.ErrInvalid},
		"an hour, which is the longest lifetime": {fake.JSON{"exp": time.Now().Unix() + 3600, "iat": time.Now().Unix()}, nil},
	} {
		_, err := v.Token(t.Context(), authd.Token(c.changes))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", claim, err, c.want)
		}
	}
}

// A20: numbers that json.Marshal would not write.
func TestA20AnExpiryIsAWholeNumber(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	v := start(t, config(authd))
	claims := encode(authd.Claims(fake.JSON{"exp": nil}))
	for _, exp := range []string{"1e400", "1e10", "9999999999.0", "99999999999999999999999", "9007199254740992", "0x10", "01", "+1", "-0", "NaN", "Infinity", "[9999999999]", "true"} {
		payload := append(claims[:len(claims)-1:len(claims)-1], `,"exp":`+exp+"}"...)
		mustRefuse(t, v, authd.Key().Sign("at+jwt", payload), verify.ErrInvalid)
	}
}

func TestTheBoundariesOfTimeAreExact(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		now := time.Now()
		v := start(t, config(authd))
		at := func(d time.Duration) int64 { return now.Add(d).Unix() }
		// A21: up to 30 s in the future.
		mustAccept(t, v, authd.Token(fake.JSON{"iat": at(30 * time.Second)}))
		mustRefuse(t, v, authd.Token(fake.JSON{"iat": at(31 * time.Second)}), verify.ErrInvalid)
		mustAccept(t, v, authd.Token(fake.JSON{"nbf": at(30 * time.Second)}))
		early := authd.Token(fake.JSON{"nbf": at(31 * time.Second)})
		mustRefuse(t, v, early, verify.ErrInvalid)
		// A20: until exp + 30 s, and then no more, remembered or not.
		raw := authd.Token(fake.JSON{"exp": at(60 * time.Second)})
		time.Sleep(90*time.Second - 1)
		mustAccept(t, v, early)
		mustAccept(t, v, raw)
		time.Sleep(time.Nanosecond)
		mustRefuse(t, v, raw, verify.ErrExpired)
		mustRefuse(t, v, authd.Token(fake.JSON{"exp": at(60 * time.Second), "iat": at(0)}), verify.ErrExpired)
	})
}

func TestWithoutLeewayATokenEndsAtItsExpiry(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		c := config(authd)
		c.Leeway = -1
		v := start(t, c)
		raw := authd.Token(fake.JSON{"exp": time.Now().Unix() + 5})
		time.Sleep(5*time.Second - 1)
		mustAccept(t, v, raw)
		time.Sleep(time.Nanosecond)
		mustRefuse(t, v, raw, verify.ErrExpired)
	})
}

func TestEachClaimIsReadByItsMethod(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		now := time.Now().Truncate(time.Second)
		c := mustAccept(t, v, authd.Token(fake.JSON{"jti": "token-1", "roles": []string{"admin", "editor"}, "scope": "read write"}))
		for _, got := range []struct {
			what      string
			got, want any
		}{
			{"Subject", c.Subject(), "019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee"},
			{"SessionID", c.SessionID(), "AZqr_FvkfVqdDzxBpPDC7g"},
			{"TokenID", c.TokenID(), "token-1"},
			{"ClientID", c.ClientID(), "authd"},
			{"Epoch", c.Epoch(), int64(3)},
			{"AuthTime", c.AuthTime().Equal(now), true},
			{"IssuedAt", c.IssuedAt().Equal(now), true},
			{"Expiry", c.Expiry().Equal(now.Add(5 * time.Minute)), true},
			{"HasRole", c.HasRole("editor") && !c.HasRole("edit"), true},
			{"HasScope", c.HasScope("write") && !c.HasScope("read write"), true},
		} {
			if got.got != got.want {
				t.Errorf("%s: got %v, want %v", got.what, got.got, got.want)
			}
		}
		if !slices.Equal(c.Roles(), []string{"admin", "editor"}) || !slices.Equal(c.Scopes(), []string{"read", "write"}) {
			t.Errorf("got roles %q and scopes %q", c.Roles(), c.Scopes())
		}
	})
}

// Many requests share what was read from one token: what one of them does must not reach the others.
func TestClaimsThatAreRememberedCannotBeWritten(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	v := start(t, config(authd))
	raw := authd.Token(fake.JSON{"roles": []string{"reader"}, "scope": "read"})
	c := mustAccept(t, v, raw)
	c.Roles()[0], c.Scopes()[0] = "admin", "write"
	if again := mustAccept(t, v, raw); again.HasRole("admin") || again.HasScope("write") {
		t.Error("a caller wrote into claims that others get")
	}
}

// A28: what a caller gets that overlooks an error.
func TestA28TheZeroClaimsAreNobody(t *testing.T) {
	t.Parallel()
	var c verify.Claims
	if c.Subject() != "" || c.HasRole("") || c.HasScope("") || c.Roles() != nil || !c.Expiry().IsZero() || c.Epoch() != 0 {
		t.Errorf("got %v", c.LogValue())
	}
}

func TestA28AVerifierThatNewDidNotMakeAcceptsNothing(t *testing.T) {
	t.Parallel()
	var zero verify.Verifier
	for _, v := range []*verify.Verifier{&zero, nil} {
		mustRefuse(t, v, fake.New().Token(nil), verify.ErrNotReady)
		mustRefuse(t, v, "", verify.ErrNotReady)
		if err := v.Ready(); !errors.Is(err, verify.ErrNotReady) {
			t.Errorf("Ready: got %v", err)
		}
		if err := v.WaitReady(t.Context()); !errors.Is(err, verify.ErrNotReady) {
			t.Errorf("WaitReady: got %v", err)
		}
		if err := v.Run(t.Context()); err == nil {
			t.Error("Run: got nil")
		}
		if _, err := v.WithMaxStaleness(time.Minute); err == nil {
			t.Error("WithMaxStaleness: got nil")
		}
		if got := v.Status(); got != (verify.Status{Age: -1}) {
			t.Errorf("Status: got %v", got)
		}
	}
}
