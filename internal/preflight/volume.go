package preflight

import "context"

// VolumeFault is why a volume can't be the front-end's state volume. The zero value is
// nothing.
type VolumeFault struct {
	Server string // ID of another server that has the volume; "" for none
	Status string // the volume's status, where no server can get it; else ""
	Moves  bool   // Status is one of a volume on its way to another server or back
	Shared bool   // several servers may have it
}

// CheckVolume looks at the volume of that name or ID for a front-end whose present server
// is own ("" if there is none). It returns the zero value for a volume that fits, and for
// one that can't be looked up.
func CheckVolume(ctx context.Context, cloud Cloud, nameOrID, own string) VolumeFault {
	v, err := cloud.ResolveVolume(ctx, nameOrID)
	if err != nil {
		return VolumeFault{}
	}
	fault := VolumeFault{Server: v.Holder(own), Shared: v.Shared}
	if fault.Server == "" && !v.BecomesFree(own) {
		fault.Status, fault.Moves = v.Status, v.Moves()
	}
	return fault
}
