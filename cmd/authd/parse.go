package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/authd/authd/internal/api"
	"github.com/authd/authd/internal/auth"
)

// The parsers below turn one text into one value. What a value may be stands in its field's tags:
// min and max are both included, words are the only texts taken, and empty is what an empty text means
// where it means something.

// errEmpty refuses a name without a value: it is nearly always a template that found nothing, and an
// empty database URL would otherwise start a new, empty SQLite file.
var errEmpty = errors.New("set, but empty: leave it out for the default")

func parseText(text string, tag *kong.Tag) (string, error) {
	if text == "" && tag.Get("empty") == "" {
		return "", errEmpty
	}
	if words := strings.Fields(tag.Get("words")); len(words) > 0 && !slices.Contains(words, text) {
		return "", fmt.Errorf("%s: want %s", shown(text), strings.Join(words, " or "))
	}
	return text, nil
}

func parseSecret(text string, _ *kong.Tag) (auth.Secret, error) {
	if text == "" {
		return auth.Secret{}, errEmpty
	}
	return auth.NewSecret(text), nil
}

func parseList(text string, _ *kong.Tag) ([]string, error) {
	if text == "" {
		return nil, errEmpty
	}
	list := strings.Split(text, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
		if list[i] == "" {
			return nil, fmt.Errorf("%s: a list by commas has an empty place", shown(text))
		}
		if slices.Contains(list[:i], list[i]) {
			return nil, fmt.Errorf("%s: %s stands there twice", shown(text), shown(list[i]))
		}
	}
	return list, nil
}

// parsePrefixes takes addresses and prefixes. One with bits behind its length is a typing error: its
// author has another network in mind than the one that would be trusted.
func parsePrefixes(text string, tag *kong.Tag) ([]netip.Prefix, error) {
	list, err := parseList(text, tag)
	if err != nil {
		return nil, err
	}
	prefixes := make([]netip.Prefix, len(list))
	for i, entry := range list {
		if prefixes[i], err = parsePrefix(entry); err != nil {
			return nil, fmt.Errorf("%s: %w", shown(entry), err)
		}
	}
	return prefixes, nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		address = address.Unmap()
		if address.Zone() != "" {
			return netip.Prefix{}, errors.New("want an address without a zone")
		}
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return prefix, errors.New("want an address such as 10.0.0.7, or a prefix such as 10.0.0.0/8")
	case prefix.Addr().Is4In6():
		return prefix, errors.New("want IPv4 without ::ffff: before it")
	case prefix != prefix.Masked():
		return prefix, fmt.Errorf("want %s, or one address alone", prefix.Masked())
	case prefix.Bits() == 0:
		// Whoever comes is then a proxy, and chooses the address that guesses are counted under.
		return prefix, errors.New("everybody would be a proxy: list those that are")
	}
	return prefix, nil
}

// parsePageOrigins takes origins as browsers send them. One that is spelled otherwise would never match,
// and its pages would be refused without anybody knowing why.
func parsePageOrigins(text string, tag *kong.Tag) ([]api.PageOrigin, error) {
	list, err := parseList(text, tag)
	if err != nil {
		return nil, err
	}
	origins := make([]api.PageOrigin, len(list))
	for i, entry := range list {
		if origins[i], err = api.ParsePageOrigin(entry); err != nil {
			return nil, fmt.Errorf("%s: %w", shown(entry), err)
		}
	}
	return origins, nil
}

func parseDuration(text string, tag *kong.Tag) (time.Duration, error) {
	least, most := durationOf(tag.Get("min")), durationOf(tag.Get("max"))
	d, err := time.ParseDuration(text)
	if err != nil || d < least || most > 0 && d > most {
		return 0, fmt.Errorf("%s: want a duration %s", shown(text), limits(tag))
	}
	if d%time.Second != 0 {
		// Tokens carry times in whole seconds: a part of one would be dropped in silence.
		return 0, fmt.Errorf("%s: want whole seconds", shown(text))
	}
	return d, nil
}

// durationOf reads a limit of a tag. Zero stands for none; a tag that does not parse is found by the
// test that reads every one of them.
func durationOf(limit string) time.Duration {
	d, _ := time.ParseDuration(limit)
	return d
}

func parseInt(text string, tag *kong.Tag) (int, error) {
	least, _ := strconv.Atoi(tag.Get("min"))
	most, _ := strconv.Atoi(tag.Get("max"))
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s: want a whole number %s", shown(text), limits(tag))
	}
	return n, nil
}

func parseLevel(text string, tag *kong.Tag) (slog.Level, error) {
	var level slog.Level
	if _, err := parseText(text, tag); err != nil {
		return level, err
	}
	return level, level.UnmarshalText([]byte(text))
}

// limits says what a number or a duration may be, for faults and for the table of settings.
func limits(tag *kong.Tag) string {
	least, most := tag.Get("min"), tag.Get("max")
	if most == "" {
		return "of at least " + least
	}
	return "from " + least + " to " + most
}

// shown quotes a value for a fault, escaped and cut: it may be anything, and ends on a terminal.
func shown(text string) string {
	const most = 40
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strconv.Quote(text)
}
