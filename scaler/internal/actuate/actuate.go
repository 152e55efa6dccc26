// Package actuate carries out decisions. Its actuators are nova, which makes and
// deletes servers by the code of the Terraform provider, and dry-run, which does
// nothing. No call waits for a server: later readings show what came of it.
package actuate

import (
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Order is a number of new workers of one group.
type Order struct {
	Group string
	Count int
	Avoid []string // availability zones that are left out if the group has others
}

// Posted is what is known of the new workers after their create calls.
type Posted struct {
	Accepted []string // names of workers whose servers the cloud makes
	Unknown  []string // names of workers whose calls got no answer: their servers may exist, or come later
}

// GroupError is a failure to add workers of one group. A Post that fails for several
// groups joins one of each.
type GroupError struct {
	Group string
	Err   error
}

func (e GroupError) Error() string { return "group " + e.Group + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e GroupError) Unwrap() error { return e.Err }

// PutOffError is a failure to add workers that is not their group's, such as a lock that
// another process holds, or to delete a server now. It does not count against the group:
// the actuator decides when to try again.
type PutOffError struct{ Err error }

func (e PutOffError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e PutOffError) Unwrap() error { return e.Err }

// ShapeOfFlavor estimates the resources that a worker offers to jobs: kernel and
// firmware take a part of the memory. The pool shows the real size of the first worker.
// The disk stays unknown, because nothing shows how much of it an image takes.
func ShapeOfFlavor(vcpus, ramMiB int) queue.Shape {
	return queue.Shape{Cpus: vcpus, MemoryMiB: max(0, ramMiB-ramMiB/32-64)}
}
