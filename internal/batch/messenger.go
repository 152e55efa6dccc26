package batch

import (
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Messenger binds a batch to a roster that one of its workers takes to the front-end.
// That worker is made last, and the roster that it takes names the others as they
// are then. Most batches have no messenger.
type Messenger interface {
	// Waits reports whether the worker is not to be made yet.
	Waits(name string) bool

	// Bound reports whether the roster is on its way with that worker as it is, so
	// that building it once more, at another address, would be in vain.
	Bound(name string) bool

	// Brings reports whether the roster that is on its way, if there is one, has this
	// entry.
	Brings(entry cluster.Member) bool

	// Equip completes the user data and the metadata of the worker that takes the
	// roster, and leaves those of the others as they are.
	Equip(name string, in *cloudinit.WorkerInput, metadata map[string]string) error
}

// noMessenger is the Messenger of a batch whose roster reaches the front-end without it.
type noMessenger struct{}

func (noMessenger) Waits(string) bool          { return false }
func (noMessenger) Bound(string) bool          { return false }
func (noMessenger) Brings(cluster.Member) bool { return true }
func (noMessenger) Equip(string, *cloudinit.WorkerInput, map[string]string) error {
	return nil
}
