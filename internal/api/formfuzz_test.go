package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzForms holds the decoder of forms to what the standard library reads in the same bytes: what we
// accept must be text, and have for every name the one value that any other reader finds.
func FuzzForms(f *testing.F) {
	for _, good := range formTakers {
		f.Add(good)
	}
	for _, bad := range badForms {
		f.Add(bad)
	}
	for _, text := range []string{"", "&", "a=b;c=d", "a;b=c", "a=b&&c", "a=b=c", "+=+", "%26=%3d", "a=%F0%9F%98%80"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseForm(text)
		if err != nil {
			wantInvalidRequest(t, "form", err)
			return
		}
		// The library refuses semicolons, which older readers took for separators. Here they are letters,
		// as the standard of forms has it (URL, section 5.1).
		want, err := url.ParseQuery(strings.ReplaceAll(text, ";", "%3B"))
		if err != nil {
			t.Fatalf("accepted %q, which the standard library refuses: %v", text, err)
		}
		for name, values := range want {
			if len(values) != 1 || name == "" {
				t.Errorf("%q: accepted with %q for %q", text, values, name)
			}
			if got[name] != values[0] {
				t.Errorf("%q: %q is %q, want %q", text, name, got[name], values[0])
			}
		}
		for name, value := range got {
			if !utf8.ValidString(name+value) || strings.ContainsRune(name+value, 0) || value == "" || !want.Has(name) {
				t.Errorf("%q: has %q as %q", text, name, value)
			}
		}
	})
}

// FuzzBasic: exactly one header is an id and a secret, what is read is text, and it is what the standard
// library finds in the same header.
func FuzzBasic(f *testing.F) {
	for _, header := range badBasics {
		f.Add(header)
	}
	f.Add("Basic eDp5")
	f.Add("basic YTpiJTNBYw==")
	f.Fuzz(func(t *testing.T, header string) {
		id, secret, ok := parseBasic(header)
		if !ok {
			return
		}
		if id == "" || !utf8.ValidString(id+secret) || strings.ContainsRune(id+secret, 0) {
			t.Errorf("%q: read as %q and %q", header, id, secret)
		}
		theirID, theirSecret, ok := (&http.Request{Header: http.Header{"Authorization": {header}}}).BasicAuth()
		theirID, idErr := url.QueryUnescape(theirID)
		theirSecret, secretErr := url.QueryUnescape(theirSecret)
		if !ok || idErr != nil || secretErr != nil || theirID != id || theirSecret != secret {
			t.Errorf("%q: read as %q and %q; the standard library: %q and %q, %t", header, id, secret, theirID, theirSecret, ok)
		}
	})
}

// FuzzScopes: what is granted is some of what a client has, in the client's order, and all of what it
// asked for.
func FuzzScopes(f *testing.F) {
	for _, asked := range []string{"", "read", "read write", "write read", "read  write", " read", "read\twrite", "READ", "read admin", "read read"} {
		f.Add("read write", asked)
	}
	f.Add("", "read")
	f.Fuzz(func(t *testing.T, has, asked string) {
		owned := strings.Fields(has)
		granted, err := grantScopes(owned, asked)
		if err != nil {
			if err != error(errScope) || granted != nil {
				t.Errorf("%q of %q: got %q, %v", asked, owned, granted, err)
			}
			return
		}
		at := 0
		for _, scope := range granted {
			next := slices.Index(owned[at:], scope)
			if next < 0 {
				t.Fatalf("%q of %q: got %q", asked, owned, granted)
			}
			at += next + 1
		}
		if asked == "" {
			return
		}
		for scope := range strings.SplitSeq(asked, " ") {
			if !slices.Contains(granted, scope) {
				t.Errorf("%q of %q: got %q, without a word that %q is missing", asked, owned, granted, scope)
			}
		}
	})
}
