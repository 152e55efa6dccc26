package provision

import (
	"context"
	"fmt"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// volumeTime is how long a front-end that is made waits for its state volume. Nova frees
// the volume of a deleted server by the time that the server is gone; a busy Cinder takes
// longer.
const volumeTime = 3 * time.Minute

// awaitVolume waits until the state volume is free, where the front-end has one: Nova
// refuses the create call before. The front-end that had it is gone by then.
func (m frontEndMaking) awaitVolume(ctx context.Context) error {
	id := m.r.req.Spec.FrontEnd.StateVolume
	if id == "" {
		return nil
	}
	name, log := m.r.doc.FrontEnd.Name, m.r.p.opts.Log
	pace := wait.NewPoll(2*time.Second, 15*time.Second)
	until, said := time.Now().Add(volumeTime), false
	for {
		v, err := m.r.p.cloud.Volume(ctx, id)
		switch {
		case err == nil && v.IsFree():
			return nil
		case err != nil && !cluster.IsKind(err, cluster.FaultUnavailable):
			return fmt.Errorf("read the state volume of %s: %w", name, err)
		case err == nil && !v.Moves(), time.Now().After(until):
			return occupied(name, v, err)
		}
		if !said {
			log(ctx, "waiting until the state volume is free", "node", name, "volume", id, "status", v.Status)
			said = true
		}
		if err := pace.Wait(ctx); err != nil {
			return fmt.Errorf("wait until the state volume of %s is free: %w", name, err)
		}
	}
}

// occupied returns why a front-end can't get its state volume: the last answer about it,
// which is an error or the volume.
func occupied(name string, v cluster.Volume, err error) error {
	if err != nil {
		return fmt.Errorf("read the state volume of %s: %w", name, err)
	}
	says := fmt.Sprintf("volume %s is not free: its status is %q", v.ID, v.Status)
	help := "A volume in that status can't be attached. Look at it (openstack volume show " + v.ID + "), and apply again when it is available."
	if holder := v.Holder(""); holder != "" {
		says += ", and server " + holder + " has it"
		help = "Detach it there (openstack server remove volume " + holder + " " + v.ID + "), or name another volume, and apply again."
	}
	return &cluster.CloudError{Kind: cluster.FaultVolume, Op: "attach the state volume to " + name, Message: says, Help: help}
}
