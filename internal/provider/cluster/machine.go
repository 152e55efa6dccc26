package cluster

import (
	"fmt"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
)

// sizeForm is the form of a flavor's size in the attribute `resolved`: the state has it,
// so that a plan knows it without a call.
const sizeForm = "%d CPUs, %d MiB"

// sizeOf returns the text for the size of a flavor.
func sizeOf(f openstack.Flavor) string { return fmt.Sprintf(sizeForm, f.VCPUs, f.RAM) }

// machine returns the size of a group's workers; what is not known is 0.
func (g groupModel) machine(names resolution) cluster.Machine {
	m := cluster.Machine{GPUs: int(g.GPUs.ValueInt64())}
	if _, err := fmt.Sscanf(names.get(kindFlavorSize, g.Flavor), sizeForm, &m.CPUs, &m.MemoryMiB); err != nil {
		m.CPUs, m.MemoryMiB = 0, 0
	}
	return m.Sound()
}

// documentedSize returns the text for the size of a flavor that a document's group has; ""
// where no group says it.
func documentedSize(d cluster.Document, flavor string) string {
	for _, name := range sortedNames(d.Groups) {
		if g := d.Groups[name]; g.Flavor == flavor && g.Machine.CPUs > 0 && g.Machine.MemoryMiB > 0 {
			return sizeOf(openstack.Flavor{VCPUs: g.Machine.CPUs, RAM: g.Machine.MemoryMiB})
		}
	}
	return ""
}
