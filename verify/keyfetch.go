package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/authd/authd/verify/internal/jws"
)

// How long a key set is good, whatever its max-age says. The bounds keep a wrong header from making the
// verifier a flood, or deaf.
const (
	minRefresh     = 30 * time.Second
	defaultRefresh = 5 * time.Minute
	maxRefresh     = time.Hour
)

var (
	errNoKeys     = errors.New("no key in it can be used")
	errSuperseded = errors.New("the keys were dropped meanwhile")
)

// outcome is what a fetch of the key set came to.
type outcome struct {
	fresh  time.Duration
	faults []jws.Fault // keys that are not used; the others are
	err    error
}

// fetch asks for the key set and publishes it. Keys that could not be fetched stay as they are.
//
// Who asks because something is known to have changed wants no copy that a cache on the way took before
// (RFC 9111, section 5.2.1.4).
func (k *keyring) fetch(ctx context.Context, f *flight) outcome {
	header := make(http.Header)
	k.mu.Lock()
	etag, drops, had := k.etag, k.drops, k.fresh
	k.mu.Unlock()
	if etag != "" {
		header.Set("If-None-Match", etag)
	}
	if f.asked {
		header.Set("Cache-Control", "no-cache")
	}
	a, err := get(ctx, k.client, request{url: k.url, header: header, within: keyTimeout, limit: jws.MaxSet})
	switch {
	case err != nil:
		return outcome{err: err}
	case a.status == http.StatusNotModified && etag != "":
		return outcome{fresh: maxAge(a.header, had), err: k.take(drops, func() {})}
	case a.status != http.StatusOK:
		return outcome{err: &statusError{k.url, a.status}}
	}
	keys, faults, err := jws.ParseSet(a.body)
	if err == nil && len(keys) == 0 {
		err = errNoKeys
	}
	if err != nil {
		return outcome{faults: faults, err: fmt.Errorf("GET %s: %w", k.url, err)}
	}
	fresh := maxAge(a.header, defaultRefresh)
	err = k.take(drops, func() {
		k.publish(keys, a.body)
		k.etag, k.fresh = a.header.Get("ETag"), fresh
	})
	return outcome{fresh, faults, err}
}

// take runs publish under mu, unless the keys were dropped after the fetch began.
func (k *keyring) take(drops int, publish func()) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.drops != drops {
		return errSuperseded
	}
	publish()
	return nil
}

// faultsError joins the faults that somebody should look at: a set may have keys of other kinds (A26).
func faultsError(faults []jws.Fault) (err error) {
	for _, f := range faults {
		if !errors.Is(f, jws.ErrForeign) {
			err = errors.Join(err, f)
		}
	}
	return err
}

// maxAge reads for how long a key set may be used (RFC 9111, section 5.2.2.1). Where it is not said, that is
// unsaid: a 304 may leave it out, and then what the 200 said still holds (section 4.3.4).
//
// A key signs at the earliest twice the max-age and 30 s after it was first published, and this is why the
// first token that it signs costs no wait: minRefresh, or the copy of a cache on the way and then ours, are
// over by then.
func maxAge(h http.Header, unsaid time.Duration) time.Duration {
	fresh := unsaid
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		seconds, err := strconv.ParseUint(value, 10, 31)
		if strings.EqualFold(name, "max-age") && err == nil {
			fresh = time.Duration(seconds) * time.Second
		}
	}
	return min(max(fresh, minRefresh), maxRefresh)
}
