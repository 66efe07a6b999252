package tokens_test

import (
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/tokens"
)

// A token that is longer than what openAccess looks at would be refused by authd itself.
func TestNamesThatMakeTokensTooLongAreRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	build := func(audience string) error {
		_, err := tokens.New(tokens.Config{
			Store: &aged{}, Keyring: tokens.ForTests(accessTTL), Issuer: "https://issuer.test", Audience: []string{audience},
			Policy: tokens.Policy{AccessTTL: accessTTL, RefreshIdleTTL: idleTTL, SessionTTL: sessionTTL, RetryWindow: retryWindow, PerUser: 1},
			Random: zeros{}, Now: time.Now,
		})
		return err
	}
	if err := build(strings.Repeat("a", 1024)); err != nil {
		t.Errorf("1 KiB: %v", err)
	}
	if build(strings.Repeat("a", 7000)) == nil {
		t.Error("7,000 bytes were taken")
	}
}
