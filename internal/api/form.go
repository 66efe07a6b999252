package api

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

const mediaForm = "application/x-www-form-urlencoded"

// form is the parameters of a request to the routes of OAuth, by name. One without a value is not in it:
// it counts as one that was left out (RFC 6749, section 3.2).
type form map[string]string

// decodeForm reads the body of r, or refuses it: the one door of the OAuth routes, as strict as [decode]
// is. Parameters that nobody here knows are passed over, because RFC 6749 says so (section 3.2).
func decodeForm(x *exchange, r *http.Request) (form, error) {
	if r.URL.RawQuery != "" {
		// Addresses end in logs and histories, so nothing that is asked here may stand in one; and what
		// stood there and in the body could be read in two ways (B24, I2).
		return nil, invalidRequest("", "Send the parameters in the body. This address takes no query.")
	}
	if err := checkMediaType(x, r, mediaForm); err != nil {
		return nil, err
	}
	text, err := readBody(x, r)
	if err != nil {
		return nil, err
	}
	return parseForm(string(text))
}

// parseForm reads application/x-www-form-urlencoded. A name that is there twice is refused, whether it is
// known or not (F12; RFC 6749, section 3.2): of two values one reader takes the first, another the last.
func parseForm(text string) (form, error) {
	f := form{}
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, plainName := unescape(name)
		value, plainValue := unescape(value)
		switch {
		case !plainName || !plainValue || name == "":
			return nil, invalidRequest("", "The body is not a well-formed form in UTF-8.")
		case seen[name]:
			return nil, invalidRequest("", "A parameter is there twice.")
		}
		seen[name] = true
		if value != "" {
			f[name] = value
		}
	}
	return f, nil
}

// unescape refuses what is not text: NUL ends a string for some readers and not for others.
func unescape(text string) (plain string, ok bool) {
	plain, err := url.QueryUnescape(text)
	return plain, err == nil && utf8.ValidString(plain) && !strings.ContainsRune(plain, 0)
}

// must returns a parameter that has to be there. Its name is one of ours.
func (f form) must(name string) (string, error) {
	if value := f[name]; value != "" {
		return value, nil
	}
	return "", invalidRequest("", "The parameter "+name+" is required.")
}
