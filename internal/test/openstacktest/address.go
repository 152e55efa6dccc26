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
		if err != nil || !n.prefix.Contains(a) || n.used[a] {
			return netip.Addr{}, fmt.Errorf("Fixed IP address %s is already in use on instance", wanted) //nolint:staticcheck // Nova's words
		}
		n.used[a] = true
		return a, nil
	}
	a := n.gateway().Next()
	for ; n.prefix.Contains(a.Next()); a = a.Next() { // the last one is the broadcast address
		if !n.used[a] {
			n.used[a] = true
			return a, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("%w: %s", errNoAddress, n.ID)
}

func (n *network) gateway() netip.Addr { return n.prefix.Addr().Next() }
