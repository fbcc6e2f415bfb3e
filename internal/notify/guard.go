package notify

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"
)

// refused are the IPv4 networks that are not on the public Internet, and those IPv6 networks within 2000::/3 that are
// not or that stand for IPv4 addresses, by the registries of special-purpose addresses at IANA (RFC 6890 and updates).
var refused = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

// public6 is the part of IPv6 that is given out for the public Internet. Loopback, link-local, unique local and
// multicast addresses, and those of NAT64, are outside it.
var public6 = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// guard decides which addresses may be connected to. It is asked for each address just before the connection is made,
// after names were resolved, so that a name cannot lead elsewhere in between.
type guard struct {
	// allow are networks that may be reached although they are not public.
	allow []netip.Prefix
}

// control refuses a connection: net.Dialer.ControlContext.
func (g guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	if !g.permits(to.Addr()) {
		return fmt.Errorf("address %s is not allowed", to.Addr().Unmap())
	}
	return nil
}

func (g guard) permits(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	if within(g.allow, a) {
		return true
	}
	return (a.Is4() || public6.Contains(a)) && !within(refused, a)
}

func within(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
