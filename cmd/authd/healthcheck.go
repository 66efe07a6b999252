package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// healthcheckTimeout is below the 5 s after which orchestrators commonly give up on a probe, so that
// the line which says why is still printed.
const healthcheckTimeout = 3 * time.Second

// healthcheckCmd is the container's HEALTHCHECK: the image has no shell and no curl.
type healthcheckCmd struct {
	listenSettings
}

// Run asks the server of the same settings whether it can serve. It prints one line, or returns it.
func (c *healthcheckCmd) Run(ctx context.Context, p process) error {
	target, err := probeURL(c.Addr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	// A transport of its own: proxies of the environment are not asked, redirects not followed.
	response, err := new(http.Transport).RoundTrip(request)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 16<<10))
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s answered %s", target, response.Status)
	}
	_, err = fmt.Fprintln(p.stdout, "ready")
	return err
}

// probeURL turns an address to listen on into one to call: what listens everywhere is reached by
// loopback.
func probeURL(addr string) (string, error) {
	host, port, err := splitAddr(addr)
	if err != nil {
		return "", err
	}
	if port == 0 {
		return "", errors.New("AUTHD_ADDR has port 0: only the server knows which port it got")
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "":
		host = "127.0.0.1"
	case err == nil && ip.IsUnspecified() && ip.Is4():
		host = "127.0.0.1"
	case err == nil && ip.IsUnspecified():
		host = "::1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(int(port))) + "/readyz", nil
}
