package tokens

import (
	"crypto/rand"
	"testing"
	"time"
)

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	good := Config{
		Store: struct{ Store }{}, Keyring: ForTests(time.Minute), Issuer: "here", Audience: []string{"there"},
		Policy: Policy{AccessTTL: time.Minute, RefreshIdleTTL: time.Hour, SessionTTL: time.Hour, RetryWindow: window, PerUser: 1},
		Random: rand.Reader, Now: time.Now,
	}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for fault, change := range map[string]func(*Config){
		"no store":                  func(c *Config) { c.Store = nil },
		"no keyring":                func(c *Config) { c.Keyring = nil },
		"no randomness":             func(c *Config) { c.Random = nil },
		"no clock":                  func(c *Config) { c.Now = nil },
		"no issuer":                 func(c *Config) { c.Issuer = "" },
		"no audience":               func(c *Config) { c.Audience = nil },
		"tokens of half a second":   func(c *Config) { c.Policy.AccessTTL = time.Second / 2 },
		"no idle end":               func(c *Config) { c.Policy.RefreshIdleTTL = 0 },
		"no absolute end":           func(c *Config) { c.Policy.SessionTTL = 0 },
		"no retry window":           func(c *Config) { c.Policy.RetryWindow = 0 },
		"no sessions":               func(c *Config) { c.Policy.PerUser = 0 },
		"tokens that outlive kills": func(c *Config) { c.Policy.AccessTTL = time.Minute + time.Second }, // C12
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", fault)
		}
	}
}
