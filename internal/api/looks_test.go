package api

import "testing"

func TestCredentialsAreToldFromNames(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": false,
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36": false,
		"the-very-long-name-of-an-internal-service-client-v2/1.0":                                                         false,
		"019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee":                                                                            false, // a UUID
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01":                                                         false, // W3C's traceparent
		"01ARZ3NDEKTSV4RRFFQ69G5FAV":                                                                                      false, // a ULID
		"acs_c2hvd24gaGVyZSBhbmQgbmV2ZXIgYWdhaW4sIHNvcnI":                                                                 true,
		"curl/8 art_AQGaq_xb5H1anQ88QaTwwu4AAAAHc2hvd24gaGVyZSBhbmQgbmV2ZXIg":                                             true,
		"Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwIn0.c2ln":                                              true,
	} {
		if got := looksSecret(text); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
}

// I1: what comes in the place of another field is neither kept nor repeated.
func TestI1ACredentialInTheWrongHeaderIsNotWrittenDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "ada")
	token := w.login(t, "ada").RefreshToken
	if got := cleanUserAgent("curl/8 " + token); got != "" {
		t.Errorf("a User-Agent with a token is kept as %q", got)
	}
	if validRequestID("acs_c2hvd24gaGVyZSBhbmQgbmV2ZXIgYWdhaW4sIHNvcnI") {
		t.Error("a client's secret is taken for a request's id")
	}
	if _, err := cleanDevice(token); err == nil {
		t.Error("a token is taken for a device's name")
	}
}
