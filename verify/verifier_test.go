package verify_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/verify"
	"github.com/authd/authd/verify/internal/fake"
)

// config is that of a service whose authd is in memory.
func config(authd *fake.Authd) verify.Config {
	return verify.Config{Issuer: fake.Issuer, Audience: fake.Audience, HTTPClient: fake.Client(authd)}
}

// start runs a verifier until the test ends, and waits until it is ready.
func start(t *testing.T, c verify.Config) *verify.Verifier {
	t.Helper()
	v := startCold(t, c)
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	return v
}

func startCold(t *testing.T, c verify.Config) *verify.Verifier {
	t.Helper()
	v, err := verify.New(c)
	if err != nil {
		t.Fatal(err)
	}
	go v.Run(t.Context())
	return v
}

func mustAccept(t *testing.T, v *verify.Verifier, raw string) verify.Claims {
	t.Helper()
	claims, err := v.Token(t.Context(), raw)
	if err != nil {
		t.Errorf("a good token: got %v, want it accepted", err)
	}
	return claims
}

func mustRefuse(t *testing.T, v *verify.Verifier, raw string, want error) {
	t.Helper()
	claims, err := v.Token(t.Context(), raw)
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if claims != (verify.Claims{}) {
		t.Errorf("a refused token has claims: %v", claims)
	}
}

// bubble runs a test on a clock of its own.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

func TestALogoutIsObeyedAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		raw := authd.Token(nil)
		mustAccept(t, v, raw)
		mustAccept(t, v, raw)
		authd.Kill("sid", "AZqr_FvkfVqdDzxBpPDC7g")
		synctest.Wait()
		mustRefuse(t, v, raw, verify.ErrRevoked)
		mustAccept(t, v, authd.Token(fake.JSON{"sid": "another"}))
		time.Sleep(time.Minute)
		mustAccept(t, v, authd.Token(fake.JSON{"sid": "another"}))
	})
}
