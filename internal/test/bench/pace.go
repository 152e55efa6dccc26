package bench

import (
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// Nova returns the options of an embedded cloud that takes its time: twenty hypervisors
// that build ten servers each at a time, which is Nova's default
// (max_concurrent_builds). The time of a list is that of a Nova of release Zed on two
// cores, which takes 1.5 s for 512 servers where nothing else runs. The other figures
// are those of a cloud of middling size; an address comes with the port, early in a
// build.
func Nova() openstacktest.Options {
	return openstacktest.Options{
		Latency:    20 * time.Millisecond,
		BuildDelay: 20 * time.Second, AddressDelay: 4 * time.Second, DeleteDelay: 4 * time.Second,
		Zones: []openstacktest.Zone{{Name: "nova", Hosts: 20}},
		Pace: openstacktest.Pace{
			Create: 500 * time.Millisecond, Delete: 200 * time.Millisecond,
			List: 50 * time.Millisecond, PerServer: 3 * time.Millisecond,
			Builds: 200, Deletes: 200, Spread: 4 * time.Second,
		},
	}
}
