package cluster

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/preflight"
)

// stateVolumeAt is the place of the attribute.
var stateVolumeAt = path.Root("batch_system").AtName("state_volume")

func stateVolumeAttribute() schema.Attribute {
	return optionalName("Volume of yours, by name or ID, on which the batch system keeps its state: queue, history and keys. " +
		"So a front-end that is made anew finds its jobs again, and running jobs go on. " +
		"The volume comes with the front-end's create call and is left as it is when the front-end or the cluster is deleted: vmcluster makes, resizes and deletes no volume. " +
		"An empty volume is formatted once, with ext4; a volume with a file system is used as it is, and one with anything else is refused on the node. " +
		"It must not be multi-attach, and on clouds where Nova attaches volumes of a server's own availability zone only (`cross_az_attach = false`), it must be in the front-end's zone. " +
		"Another volume takes effect when the front-end is next made; the state does not move to it by itself.")
}

// checkStateVolume refuses a state volume for a cluster that has no state to keep.
func (c config) checkStateVolume() diag.Diagnostics {
	var diags diag.Diagnostics
	if !c.batch.StateVolume.IsNull() && c.batch.Type.ValueString() == string(cluster.BatchNone) {
		diags.AddAttributeError(stateVolumeAt, "No state to keep", "A cluster without a batch system has no state for a volume. Remove `state_volume`, or name a batch system.")
	}
	return diags
}

// volumeFault words why the state volume can't be used. A volume in use is a warning
// where its present server is deleted first.
func (f forecast) volumeFault(fault preflight.VolumeFault) diag.Diagnostics {
	var diags diag.Diagnostics
	if fault.Shared {
		diags.AddAttributeError(stateVolumeAt, "Multi-attach volume", "Several servers may have this volume at once, which its file system does not survive. Name a volume that is not multi-attach.")
	}
	says := fmt.Sprintf("The volume is attached to server %s already. Name one that is available.", fault.Server)
	if fault.Server == "" {
		says = fmt.Sprintf("The volume's status is %q, and only an available one can be attached. Name another one, or wait until it is available.", fault.Status)
	}
	switch inUse := fault.Server != "" || fault.Moves; {
	case fault.Server == "" && fault.Status == "":
	case inUse && f.leftovers:
		diags.AddAttributeWarning(stateVolumeAt, "Volume in use now", says+"\n\n"+f.comesFree())
	case inUse && f.create && f.mayReplace: // in use in every replacement
	case fault.Server != "":
		diags.AddAttributeError(stateVolumeAt, "Volume in use", says)
	default:
		diags.AddAttributeError(stateVolumeAt, "Unusable volume", says)
	}
	return diags
}

// queueWarning says what a front-end made anew means for the batch system's jobs. whether
// reports whether the apply only decides that it is made anew.
func queueWarning(c change, whether bool) diag.Diagnostic {
	summary, made := "is made anew", fmt.Sprintf("%s is made anew; what was on its disk is gone", c.nodes.FrontEndName)
	if whether {
		summary, made = "may be made anew", fmt.Sprintf("Whether %s is made anew is known during the apply only. If it is, what was on its disk is gone", c.nodes.FrontEndName)
	}
	if now := c.spec.FrontEnd.StateVolume; now != "" && now == c.was.spec.FrontEnd.StateVolume {
		return diag.NewAttributeWarningDiagnostic(path.Root("front_end"), "The front-end "+summary, made+
			fmt.Sprintf(". The batch system's state is not: it is on the volume %q, which the new one gets. Jobs that wait stay in the queue. Jobs that run go on, unless the new front-end comes later than the batch system waits for one.", c.want.batch.StateVolume.ValueString()))
	}
	// What becomes of running jobs depends on the batch system.
	const running = " The running jobs are lost with it: their workers end them when they join the new front-end, or let them run without a use until they end or their lease is over; then the workers come back empty."
	lost := ", the queue included." + running
	switch named := !c.want.batch.StateVolume.IsNull(); {
	case !named:
		lost += " With `batch_system.state_volume` the queue outlives a front-end."
	case c.spec.FrontEnd.StateVolume == "": // known during the apply only
		lost = ", the queue included unless it is on the state volume that the new one gets." + running
	default:
		lost += " The state volume is new to the cluster, and keeps the queue from then on."
	}
	return diag.NewAttributeWarningDiagnostic(path.Root("front_end"), "The batch system's queue "+summary, made+lost)
}
