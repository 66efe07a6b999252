package api

import (
	"net/http"
	"net/netip"
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
func origin(r *http.Request) tokens.Origin {
	return tokens.Origin{UserAgent: cleanUserAgent(r.UserAgent()), Address: clientAddress(r)}
}

// clientAddress is the connection's other end and nothing else: whoever writes X-Forwarded-For would
// choose the address that is recorded and held to account (E15).
func clientAddress(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // a Unix socket has no address
	}
	return peer.Addr().Unmap().WithZone("")
}

// cleanUserAgent makes the header fit to be stored and shown. It is not worth refusing a login for.
func cleanUserAgent(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == utf8.RuneError {
			return -1
		}
		return c
	}, text)
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
	return name, nil
}
