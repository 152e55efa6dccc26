package loadleveler

import "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"

// Name is the adapter's name, as the configuration writes it.
const Name = "loadleveler"

// Attributes of a worker, which a Judge reads. A list has spaces between its words.
const (
	nodeAttribute     = "node"     // node name
	machineAttribute  = "machine"  // full name of the machine
	groupAttribute    = "group"    // worker group
	featuresAttribute = "features" // list of the machine's features
	classesAttribute  = "classes"  // list of the classes that the machine runs
	poolsAttribute    = "pools"    // list of the machine's pools, which are numbers
	archAttribute     = "arch"
	systemAttribute   = "opsys"
	memoryAttribute   = "memory"    // physical memory in MiB
	resourceAttribute = "resources" // list of further consumable resources with their totals: "licence(4)"
)

// allGroups is the class of the clusters' own configuration that the workers of all groups
// run. Each other class there is that of a group, and has its name.
const allGroups = "all_groups"

// Traits returns what is peculiar to LoadLeveler. Its negotiator looks at the queue with
// each change, and every minute otherwise (NEGOTIATOR_INTERVAL is 60 by default). A machine
// has no proof of its name.
func Traits() queue.Traits {
	return queue.Traits{
		System: Name, Directory: "central manager",
		JobID: "front.12.0", JobIDPattern: `[A-Za-z0-9][A-Za-z0-9._-]*\.[0-9]+(\.[0-9]+)?`,
		MatchSeconds: 120,
		Attributes: queue.AttributeTraits{
			Machine: machineAttribute, Node: nodeAttribute, Group: groupAttribute,
			Personal: []string{nodeAttribute, machineAttribute}, Lasting: []string{}, Passing: []string{}, PassingPrefixes: []string{},
		},
	}
}
