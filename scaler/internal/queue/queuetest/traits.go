// Package queuetest helps to test what reads a batch system and what uses its
// snapshots.
package queuetest

import "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"

// Traits returns the traits of a batch system that does not exist. Its words are
// plain, so that tests of what is common to all batch systems can use them.
func Traits() queue.Traits {
	return queue.Traits{
		System: "test", Directory: "directory", JobID: "6.0", JobIDPattern: `[0-9.]+`, MatchSeconds: 300,
		Attributes: queue.AttributeTraits{
			Machine: "machine", Node: "vmclustername", Group: "vmclustergroup",
			Personal: []string{"machine", "vmclustername", "serial"}, Lasting: []string{"totalcpus"},
			Passing: []string{"loadavg", "serial"}, PassingPrefixes: []string{"total", "last"},
		},
	}
}
