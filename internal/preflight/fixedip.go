package preflight

import (
	"context"
	"net/netip"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
)

// AddressFault is what is wrong with a wanted address. The zero value is nothing.
type AddressFault struct {
	Outside  []netip.Prefix // the network's subnets, none of which holds the address
	Reserved string         // "network's own" or "broadcast", which no port can have
	User     string         // ID of the server, or of another port, that has it
	Gateway  bool           // it is that of the subnet's gateway
	Given    bool           // the subnet gives it out by itself, to a worker for instance
}

// CheckAddress looks at an address for a front-end on a network, whose present server
// is own ("" if there is none). What the cloud does not answer is no fault, and is
// logged.
func CheckAddress(ctx context.Context, cloud Cloud, network, address, own string, log Log) AddressFault {
	wanted, err := netip.ParseAddr(address)
	if err != nil {
		return AddressFault{} // the schema refuses it
	}
	subnets, err := cloud.Subnets(ctx, network)
	if err != nil {
		log("subnets of the front-end's network", err)
		return AddressFault{}
	}
	fault := judge(wanted, subnets)
	if fault.Outside != nil || fault.Reserved != "" {
		return fault
	}
	user, err := cloud.AddressUser(ctx, network, wanted)
	if err != nil {
		log("user of the front-end's address", err)
	}
	switch {
	case user != "" && user == own:
		return AddressFault{}
	case user != "":
		fault.User = user
	}
	return fault
}

// judge compares an address with the subnets of its network. Where the project sees
// none, nothing is wrong.
func judge(wanted netip.Addr, subnets []openstack.Subnet) AddressFault {
	var prefixes []netip.Prefix
	for _, s := range subnets {
		prefixes = append(prefixes, s.Prefix)
		if !s.Prefix.Contains(wanted) {
			continue
		}
		fault := AddressFault{Gateway: s.Gateway == wanted, Given: s.Gives(wanted)}
		if wide := wanted.Is4() && s.Prefix.Bits() < 31; wide { // RFC 3021: a subnet of two addresses has no others
			switch {
			case wanted == s.Prefix.Addr():
				fault.Reserved = "network's own"
			case !s.Prefix.Contains(wanted.Next()):
				fault.Reserved = "broadcast"
			}
		}
		return fault
	}
	return AddressFault{Outside: prefixes}
}
