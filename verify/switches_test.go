package verify

import (
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/verify/internal/fake"
)

// withinAMinute are those that a leeway of a minute, the most there is, takes in time.
var withinAMinute = []string{"expired for as long as the leeway", "issued a second further in the future", "not before a second further in the future"}

// D14: the loosest configuration that New takes lets nothing pass that is not a good token: there is no
// combination of settings that leaves a check out. What a setting may loosen is time alone.
func TestD14NoConfigurationSwitchesVerificationOff(t *testing.T) {
	t.Parallel()
	// Who adds a member looks at what it can switch off, and sets it below to what loosens most.
	want := []string{"Issuer", "Audience", "URL", "MaxStaleness", "Leeway", "CacheSize", "HTTPClient", "WriteError", "Hooks"}
	var got []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		got = append(got, field.Name)
		if field.Type.Kind() == reflect.Bool {
			t.Errorf("%s is a switch", field.Name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the members are %v, want %v", got, want)
	}
	var vectors tokenVectors
	load(t, "tokens.json", &vectors)
	server := &vectorServer{keys: loadText(t, "keys.json"), page: vectors.Conditions.Page, asked: make(map[string]bool)}
	synctest.Test(t, func(t *testing.T) {
		until(vectors.Conditions.Time * 1000)
		v, err := New(Config{Issuer: vectors.Conditions.Issuer, Audience: vectors.Conditions.Audience, HTTPClient: fake.Client(server),
			Leeway: maxLeeway, MaxStaleness: 100 * 365 * 24 * time.Hour, CacheSize: -1})
		if err != nil {
			t.Fatal(err)
		}
		go v.Run(t.Context())
		synctest.Wait()
		for _, c := range vectors.Tokens {
			_, err := v.Token(t.Context(), c.Token)
			if err == nil && c.Outcome != "valid" && !slices.Contains(withinAMinute, c.Name) {
				t.Errorf("%s: it was taken, want %s", c.Name, c.Outcome)
			}
		}
	})
}
