package tokens

import "net/netip"

// Network is what an address counts as when somebody is told apart by it: an address of IPv4, and the
// /64 of one of IPv6, because every line and every rented machine has a /64 to choose from. The zero
// prefix for no address, such as that of a Unix socket.
func Network(address netip.Addr) netip.Prefix {
	if !address.IsValid() {
		return netip.Prefix{}
	}
	address = address.Unmap().WithZone("")
	bits := 32
	if address.Is6() {
		bits = 64
	}
	network, _ := address.Prefix(bits) // fits either kind
	return network
}
