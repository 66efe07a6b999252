package api

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/authd/authd/internal/tokens"
)

const (
	maxDevice    = 128
	maxUserAgent = 256
)

// origin says where r came from, in texts that may be stored and shown.
func origin(x *exchange, r *http.Request) tokens.Origin {
	return tokens.Origin{UserAgent: cleanUserAgent(r.UserAgent()), Address: x.client}
}

// cleanUserAgent makes the header fit to be stored and shown. It is not worth refusing a login for.
func cleanUserAgent(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == utf8.RuneError {
			return -1
		}
		return c
	}, text)
	if looksSecret(text) { // as it would be kept: what is taken out must not hide it
		return ""
	}
	if len(text) <= maxUserAgent {
		return text
	}
	end := maxUserAgent
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// cleanDevice trims the name of a device. It is what the user chose, so a bad one is refused and not
// changed in silence.
func cleanDevice(name string) (string, error) {
	name = strings.TrimSpace(name)
	if len(name) > maxDevice {
		return "", invalidRequest("/device", "The device's name may have 128 bytes.")
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return "", invalidRequest("/device", "The device's name must not have control characters.")
	}
	if looksSecret(name) {
		return "", invalidRequest("/device", "The device's name looks like a token or a key.")
	}
	return name, nil
}
