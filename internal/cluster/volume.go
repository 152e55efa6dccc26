package cluster

import "slices"

// Volume is a volume of the block-storage service that a person made.
type Volume struct {
	ID     string
	Name   string // "" for one without a name
	Status string // in Cinder's words
	// Servers are the IDs of the servers that have the volume. It names none while the
	// volume is reserved for a server, or being attached.
	Servers []string
	Shared  bool // several servers may have it at once (multiattach)
}

// The statuses of a volume that some rule uses.
const (
	VolumeAvailable = "available"
	VolumeInUse     = "in-use"
)

// volumeMoves are the statuses of a volume on its way to a server, at one, and back.
var volumeMoves = []string{VolumeInUse, "reserved", "attaching", "detaching"}

// IsFree reports whether a server can get the volume now.
func (v Volume) IsFree() bool { return v.Status == VolumeAvailable }

// Moves reports whether the volume is at a server, or on its way there or back.
func (v Volume) Moves() bool { return slices.Contains(volumeMoves, v.Status) }

// BecomesFree reports whether the volume is free once the server own, "" for none, is
// deleted. It does not need to be free yet.
func (v Volume) BecomesFree(own string) bool {
	return v.IsFree() || own != "" && v.Moves() && v.Holder(own) == ""
}

// Holder returns the ID of a server other than own that has the volume, "" for none.
func (v Volume) Holder(own string) string {
	for _, id := range v.Servers {
		if id != own {
			return id
		}
	}
	return ""
}
