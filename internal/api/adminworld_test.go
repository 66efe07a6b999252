package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"github.com/authd/authd/internal/auth"
)

const adminToken = "aat_b2ZmaWNpYWxseSBub3QgYSBzZWNyZXQgdG9rZW4"

func secret(text string) auth.Secret { return auth.NewSecret(text) }

// adminConfig is that of a listener whose services are well and know nothing.
func adminConfig(t testing.TB, hosts ...string) AdminConfig {
	t.Helper()
	return AdminConfig{Token: secret(adminToken), Hosts: hosts,
		Ready:  func(context.Context) error { return nil },
		Logger: new(logged).logger(), Now: time.Now, Random: rand.Reader}
}

func newAdminHandler(t testing.TB, hosts ...string) http.Handler {
	t.Helper()
	handler, err := NewAdmin(adminConfig(t, hosts...))
	must(t, err)
	return handler
}
