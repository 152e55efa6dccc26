package preflight_test

import (
	"errors"
	"net/netip"
	"reflect"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/preflight"
)

// Each row: an address on a network of two subnets, what has it, and what is wrong.
func TestCheckAddress(t *testing.T) {
	prefix := netip.MustParsePrefix
	both := []openstack.Subnet{
		{Prefix: prefix("10.0.0.0/24"), Gateway: netip.MustParseAddr("10.0.0.1")},
		{Prefix: prefix("2001:db8::/64")},
	}
	for _, row := range []struct {
		name, address string
		subnets       []openstack.Subnet
		user, own     string
		want          preflight.AddressFault
	}{
		{"free", "10.0.0.9", both, "", "", preflight.AddressFault{}},
		{"free, of the other subnet", "2001:db8::9", both, "", "", preflight.AddressFault{}},
		{"outside", "10.0.1.9", both, "", "", preflight.AddressFault{Outside: []netip.Prefix{prefix("10.0.0.0/24"), prefix("2001:db8::/64")}}},
		{"of the other kind", "2001:db8:1::9", both[:1], "", "", preflight.AddressFault{Outside: []netip.Prefix{prefix("10.0.0.0/24")}}},
		{"the network's own", "10.0.0.0", both, "", "", preflight.AddressFault{Reserved: "network's own"}},
		{"broadcast", "10.0.0.255", both, "", "", preflight.AddressFault{Reserved: "broadcast"}},
		{"the last one of IPv6", "2001:db8::ffff:ffff:ffff:ffff", both, "", "", preflight.AddressFault{}},
		{"a subnet of two addresses", "10.1.0.1", []openstack.Subnet{{Prefix: prefix("10.1.0.0/31")}}, "", "", preflight.AddressFault{}},
		{"the gateway's", "10.0.0.1", both, "", "", preflight.AddressFault{Gateway: true}},
		{"another server's", "10.0.0.9", both, "s1", "s2", preflight.AddressFault{User: "s1"}},
		{"the front-end's own", "10.0.0.1", both, "s2", "s2", preflight.AddressFault{}},
		{"no subnet that the project sees", "10.0.0.9", nil, "", "", preflight.AddressFault{}},
		{"no address", "web", both, "", "", preflight.AddressFault{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newCloud()
			c.subnets, c.user = row.subnets, row.user
			got := preflight.CheckAddress(t.Context(), c, "n", row.address, row.own, func(question string, err error) { t.Errorf("%s: %v", question, err) })
			if !reflect.DeepEqual(got, row.want) {
				t.Errorf("%+v, want %+v", got, row.want)
			}
		})
	}
}

func TestAddressThatTheCloudSaysNothingOf(t *testing.T) {
	for _, c := range []*cloud{{subnetsErr: errors.New("403")}, {subnets: []openstack.Subnet{{Prefix: netip.MustParsePrefix("10.0.0.0/24")}}, userErr: errors.New("403")}} {
		logged := 0
		got := preflight.CheckAddress(t.Context(), c, "n", "10.0.0.9", "", func(string, error) { logged++ })
		if !reflect.DeepEqual(got, preflight.AddressFault{}) || logged != 1 {
			t.Errorf("%+v, %d times logged", got, logged)
		}
	}
}
