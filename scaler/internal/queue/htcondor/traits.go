package htcondor

import (
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Name is the adapter's name, as the configuration writes it.
const Name = "htcondor"

// Attributes that only one of a cluster's workers has with the same value.
const (
	machineAttribute = "Machine"
	nodeAttribute    = "VmclusterName"
)

// Traits returns what is peculiar to HTCondor. A negotiation cycle takes up to a
// minute on a quiet pool, and several where the pool is large: a job that waits
// beside a free worker for five minutes is one that HTCondor does not match.
func Traits() queue.Traits {
	return queue.Traits{
		System: Name, Directory: "collector",
		JobID: "6.0", JobIDPattern: `[0-9.]+`,
		MatchSeconds: 300, Identities: true,
		Attributes: queue.AttributeTraits{
			Machine: strings.ToLower(machineAttribute), Node: strings.ToLower(nodeAttribute), Group: strings.ToLower(groupAttribute),
			Personal: []string{"machine", "vmclustername", "name", "novainstanceuuid", "utsnamenodename"},
			Lasting:  []string{"totalcpus", "totalmemory", "totalgpus", "totalslotcpus", "totalslotmemory", "totalslotgpus"},
			Passing: []string{
				"name", "state", "activity", "start", "draining", "offline", "loadavg", "condorloadavg", "keyboardidle", "consoleidle",
				"clockday", "clockmin", "cpubusy", "cpubusytime", "cpuisbusy", "virtualmemory", "daemonstarttime", "currentrank",
				"retirementtimeremaining", "machinelastmatchtime", "kflops", "mips", "novainstanceuuid", "utsnamenodename",
			},
			PassingPrefixes: []string{"total", "entered", "num", "last", "recent", "child", "remote", "my", "job", "monitorself", "updates"},
		},
	}
}
