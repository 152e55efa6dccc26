package openstacktest

import (
	"fmt"
	"net/netip"
	"time"
)

type network struct {
	Network
	subnetID string
	prefix   netip.Prefix
	used     map[netip.Addr]bool
	created  time.Time
}

// take gives out an address: the wanted one, or the lowest free one after the
// gateway's.
func (n *network) take(wanted string) (netip.Addr, error) {
	if wanted != "" {
		a, err := netip.ParseAddr(wanted)
		if err != nil || !n.holds(a) {
			return netip.Addr{}, fmt.Errorf("%w %s.", errNotInSubnet{wanted}, n.ID) //nolint:staticcheck,revive // Nova's words
		}
		if n.used[a] {
			return netip.Addr{}, fmt.Errorf("Fixed IP address %s is already in use on instance", wanted) //nolint:staticcheck // Nova's words
		}
		n.used[a] = true
		return a, nil
	}
	a, last := n.gateway().Next(), n.lastOfPool()
	for ; a.Compare(last) <= 0; a = a.Next() {
		if !n.used[a] {
			n.used[a] = true
			return a, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("%w: %s", errNoAddress, n.ID)
}

func (n *network) gateway() netip.Addr { return n.prefix.Addr().Next() }

// errNotInSubnet is the error for an address that is none of a network's.
type errNotInSubnet struct{ address string }

func (e errNotInSubnet) Error() string {
	return "Fixed IP " + e.address + " is not a valid ip address for network"
}

// holds reports whether a port may have that address: the first and the last one of a
// subnet belong to no port.
func (n *network) holds(a netip.Addr) bool {
	return n.prefix.Contains(a) && a != n.prefix.Masked().Addr() && n.prefix.Contains(a.Next())
}

// lastOfPool returns the last address that the network gives out by itself.
func (n *network) lastOfPool() netip.Addr {
	last := n.gateway()
	for n.prefix.Contains(last.Next().Next()) {
		last = last.Next()
	}
	for range n.Spare {
		last = last.Prev()
	}
	return last
}
