package slurm

import "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"

// Name is the adapter's name, as the configuration writes it.
const Name = "slurm"

// Attributes of a worker, which a Judge reads.
const (
	nodeAttribute       = "node"       // node name
	groupAttribute      = "group"      // worker group
	featuresAttribute   = "features"   // list of names with commas between them, as Slurm prints it
	partitionsAttribute = "partitions" // list of names with commas between them
)

// allGroups is the partition of the clusters' own configuration that has the nodes of all
// groups.
const allGroups = "all_groups"

// Traits returns what is peculiar to Slurm. Its two schedulers run every minute at the
// latest if the configuration does not say more often (sched_interval, bf_interval): a
// job that waits beside a free worker for two minutes is one that Slurm does not put
// there. A node has no proof of its name beyond the key that all nodes share.
func Traits() queue.Traits {
	return queue.Traits{
		System: Name, Directory: "slurmctld",
		JobID: "6", JobIDPattern: `[0-9]+([_+][0-9]+)?`,
		MatchSeconds: 120,
		Attributes: queue.AttributeTraits{
			Node: nodeAttribute, Group: groupAttribute,
			Personal: []string{nodeAttribute}, Lasting: []string{}, Passing: []string{}, PassingPrefixes: []string{},
		},
	}
}
