// Package actuate carries out decisions. Its actuators are nova, which makes and
// deletes servers by the code of the Terraform provider, and dry-run, which does
// nothing.
package actuate

import (
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// PutOffError is a failure to add workers that is not their group's, such as a lock that
// another process holds. It does not count against the group: the actuator decides when
// to try again.
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
