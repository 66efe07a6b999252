package verify

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	defaultStaleness = time.Minute
	minStaleness     = 10 * time.Second
	defaultLeeway    = 30 * time.Second
	maxLeeway        = time.Minute
	defaultCacheSize = 8192
)

// Config says whose tokens are accepted, and what for.
type Config struct {
	// Issuer is authd's AUTHD_ISSUER, to the letter: no slash more or less. Required.
	Issuer string

	// Audience is what tokens must be meant for: one of authd's AUTHD_AUDIENCE, whose default is the
	// issuer. Required.
	Audience string

	// URL is where authd is reached from here, such as http://authd:8080. Empty means at the issuer. Keys
	// come from this address, so whoever can answer in its place can sign: use https, or a network that
	// is yours alone.
	URL string

	// MaxStaleness is the budget: for how long tokens are accepted without news of revocations. Then the
	// answer is 503 until there is news. Zero means 60 s, the least is 10 s. [Verifier.WithMaxStaleness]
	// gives single routes another.
	MaxStaleness time.Duration

	// Leeway is allowed for clocks that differ from authd's. Zero means 30 s, negative none; at most 60 s,
	// because kills are not kept for longer.
	Leeway time.Duration

	// CacheSize is how many verified tokens are remembered, at some 1.5 kB each. Zero means 8192, negative
	// none.
	CacheSize int

	// HTTPClient gives its Transport to the requests to authd, for proxies and private CAs. Its Timeout,
	// Jar and CheckRedirect are not used: polls are held on purpose, and redirects are never followed.
	// Nil, or one without a Transport, means a copy of http.DefaultTransport.
	HTTPClient *http.Client

	// WriteError answers requests that [Verifier.Middleware] refuses. Nil means [WriteError].
	WriteError func(w http.ResponseWriter, r *http.Request, err error)

	// Hooks are called when something happened. The zero Hooks are silent.
	Hooks Hooks
}

// Hooks are for metrics and logs. They are called by whoever did the work, tokens' hooks by many at once,
// and must return soon. Gauges are read from [Verifier.Status].
type Hooks struct {
	// Verified is called for each token with the result: nil, or an error to match, say, with
	// [ErrRevoked] or [ErrStale].
	Verified func(err error)

	// Polled is called after each poll of the feed. An error means that it brought nothing.
	Polled func(err error)

	// KeysFetched is called after each fetch of the key set. The error is of the fetch, or of single keys
	// that are not used.
	KeysFetched func(err error)
}

// newCore checks a configuration, all of it, and makes what the verifiers of one New share.
func newCore(config Config) (*core, error) {
	base := config.URL
	if base == "" {
		base = config.Issuer
	}
	size := config.CacheSize
	if size == 0 {
		size = defaultCacheSize
	}
	faults := errors.Join(
		required("Issuer", config.Issuer, "authd's AUTHD_ISSUER"),
		required("Audience", config.Audience, "one of authd's AUTHD_AUDIENCE; its default is the issuer"),
		checkURL(base), checkBudget(config.MaxStaleness), checkLeeway(config.Leeway))
	if faults != nil {
		return nil, faults
	}
	base = strings.TrimRight(base, "/")
	client := newClient(config.HTTPClient)
	c := &core{
		issuer: config.Issuer, audience: config.Audience, leeway: defaulted(config.Leeway, defaultLeeway),
		feedURL: base + "/revocations", client: client, hooks: config.Hooks, writeError: config.WriteError,
		keys:   newKeyring(base+"/.well-known/jwks.json", client, config.Hooks.KeysFetched),
		tokens: newCache(size),
	}
	if c.writeError == nil {
		c.writeError = WriteError
	}
	c.tighten(defaulted(config.MaxStaleness, defaultStaleness))
	return c, nil
}

// defaulted gives zero its meaning; negative means none.
func defaulted(d, zero time.Duration) time.Duration {
	if d == 0 {
		return zero
	}
	return max(d, 0)
}

func required(name, value, what string) error {
	if value == "" {
		return fmt.Errorf("verify: %s is required: %s", name, what)
	}
	return nil
}

func checkURL(base string) error {
	u, err := url.Parse(base)
	switch {
	case base == "":
		return nil // said of the issuer
	case err != nil:
		return fmt.Errorf("verify: URL %q: %w", base, err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("verify: URL %q: http:// or https:// and a host are wanted", base)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return fmt.Errorf("verify: URL %q: no user, query or fragment is wanted", u.Redacted())
	}
	return nil
}

// checkBudget refuses budgets that authd cannot keep: it moves as_of every two seconds, and a poll is
// held for a third of the budget.
func checkBudget(budget time.Duration) error {
	if budget != 0 && budget < minStaleness {
		return fmt.Errorf("verify: MaxStaleness %v: the least is %v", budget, minStaleness)
	}
	return nil
}

func checkLeeway(leeway time.Duration) error {
	if leeway > maxLeeway {
		return fmt.Errorf("verify: Leeway %v: the most is %v", leeway, maxLeeway)
	}
	return nil
}
