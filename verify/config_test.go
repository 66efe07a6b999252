package verify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/verify"
)

func TestAWrongConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*verify.Config){
		"Issuer is required":        func(c *verify.Config) { c.Issuer = "" },
		"Audience is required":      func(c *verify.Config) { c.Audience = "" },
		"http:// or https://":       func(c *verify.Config) { c.URL = "ftp://authd" },
		"and a host":                func(c *verify.Config) { c.Issuer = "auth.example.com" },
		"no user, query":            func(c *verify.Config) { c.URL = "https://me:secret@authd" },
		"no user, query or":         func(c *verify.Config) { c.URL = "https://authd?x=1" },
		"or fragment":               func(c *verify.Config) { c.URL = "https://authd#x" },
		"missing protocol scheme":   func(c *verify.Config) { c.URL = ":" },
		"MaxStaleness 9.999s":       func(c *verify.Config) { c.MaxStaleness = 9_999 * time.Millisecond },
		"MaxStaleness -1ns":         func(c *verify.Config) { c.MaxStaleness = -1 },
		"Leeway 1m1s":               func(c *verify.Config) { c.Leeway = 61 * time.Second },
		"the least is 10s\nverify:": func(c *verify.Config) { c.MaxStaleness, c.Leeway = 1, time.Hour },
	} {
		c := verify.Config{Issuer: "https://auth.example.com", Audience: "api"}
		if _, err := verify.New(c); err != nil {
			t.Fatal(err)
		}
		change(&c)
		v, err := verify.New(c)
		if err == nil || v != nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestABudgetThatAuthdCannotKeepIsRefused(t *testing.T) {
	t.Parallel()
	v, err := verify.New(verify.Config{Issuer: "https://auth.example.com", Audience: "api"})
	if err != nil {
		t.Fatal(err)
	}
	for _, budget := range []time.Duration{-time.Second, 0, 1, 10*time.Second - 1} {
		if _, err := v.WithMaxStaleness(budget); err == nil {
			t.Errorf("%v was taken", budget)
		}
	}
}
