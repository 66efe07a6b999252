package api

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// forwardHeaders are what proxies say of the request that they passed on. Of all these the first one is
// believed, and of a trusted proxy alone; names, schemes and ports come from the settings (F17).
var forwardHeaders = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "Forwarded", "X-Real-Ip"}

// proxies knows whose word on a client's address counts.
type proxies struct {
	trusted []netip.Prefix
	log     *slog.Logger
	ignored func()       // hears of every request whose headers were not believed; may be nil
	told    atomic.Int64 // when the last warning was written, in Unix nanoseconds; 0: never
}

// warnEvery bounds the warnings: anybody can cause one.
const warnEvery = time.Minute

// client returns the address that r is held to account for. Without a trusted proxy that is the
// connection's other end and nothing else: whoever writes X-Forwarded-For would choose the address that
// is recorded, and that guesses are counted under (E15).
func (p *proxies) client(r *http.Request, now time.Time) netip.Addr {
	peer := peerAddress(r)
	if p.trusts(peer) {
		return p.walk(peer, r.Header["X-Forwarded-For"])
	}
	for _, name := range forwardHeaders {
		if len(r.Header[name]) > 0 {
			p.complain(r, peer, name, now)
			break
		}
	}
	return peer
}

// trusts reports whether address is a listed proxy's. Loopback is none by itself: what else runs on the
// machine can come from there.
func (p *proxies) trusts(address netip.Addr) bool {
	return slices.ContainsFunc(p.trusted, func(prefix netip.Prefix) bool { return prefix.Contains(address) })
}

// walk reads who passed the request on from the right, because each hop appends the address that it saw:
// what stands left of the first that is not trusted was written by a stranger. What is no address ends
// the walk at the last that was, and never falls back to something further left.
func (p *proxies) walk(hop netip.Addr, lines []string) netip.Addr {
	for _, line := range slices.Backward(lines) {
		for more := true; more; {
			entry := line
			comma := strings.LastIndexByte(line, ',')
			if more = comma >= 0; more {
				line, entry = line[:comma], line[comma+1:]
			}
			address, ok := parseHop(strings.Trim(entry, " \t"))
			if !ok {
				return hop
			}
			if hop = address; !p.trusts(hop) {
				return hop
			}
		}
	}
	return hop
}

// parseHop reads an address as proxies write it: alone, in brackets, or with a port.
func parseHop(text string) (netip.Addr, bool) {
	if inner, bracketed := strings.CutPrefix(text, "["); bracketed {
		if inner, closed := strings.CutSuffix(inner, "]"); closed {
			address, err := netip.ParseAddr(inner)
			return plain(address), err == nil && address.Is6() && address.Zone() == ""
		}
	}
	if address, err := netip.ParseAddr(text); err == nil {
		return plain(address), address.Zone() == "" // a zone is the name of somebody's network card
	}
	hop, err := netip.ParseAddrPort(text)
	return plain(hop.Addr()), err == nil && hop.Addr().Zone() == ""
}

// plain is the one form in which an address is compared, counted and stored.
func plain(address netip.Addr) netip.Addr { return address.Unmap().WithZone("") }

// peerAddress is the connection's other end. A Unix socket has no address.
func peerAddress(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return plain(peer.Addr())
}

// complain is loud, because either the operator forgot the setting, and all users now share the proxy's
// address and are throttled as one, or somebody tries to be another.
func (p *proxies) complain(r *http.Request, peer netip.Addr, header string, now time.Time) {
	if p.ignored != nil {
		p.ignored()
	}
	last := p.told.Load()
	if since := now.UnixNano() - last; last != 0 && 0 <= since && since < int64(warnEvery) {
		return
	}
	if !p.told.CompareAndSwap(last, now.UnixNano()) {
		return // another request has just said so
	}
	p.log.WarnContext(r.Context(), "a header about forwarding was ignored: its sender is no trusted proxy",
		"peer", peer.String(), "header", header, "setting", "AUTHD_TRUSTED_PROXIES",
		"remedy", "if this peer is your proxy, list its address; if not, somebody pretends to be another")
}
