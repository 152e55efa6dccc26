package fleet

import (
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Stage is how far a worker on its way into the pool has come.
type Stage string

// The stages of a worker on its way, in their order.
const (
	StageRequested Stage = "requested"   // its create call was sent, and no list shows its server yet
	StageBuilding  Stage = "building"    // its server has no address yet
	StageAddress   Stage = "has_address" // its server has an address and is not in the roster yet
	StageEnrolled  Stage = "enrolled"    // its server is in the roster and does not run yet
	StageStarted   Stage = "started"     // its server runs and is in the roster; its guest is not in the pool yet
)

// Stages are all stages, in their order.
var Stages = []Stage{StageRequested, StageBuilding, StageAddress, StageEnrolled, StageStarted}

// Words returns the stage for people: "has address".
func (s Stage) Words() string { return strings.ReplaceAll(string(s), "_", " ") }

// Stage returns how far the worker has come; "" where it is not on its way into the pool.
func (w Worker) Stage() Stage {
	switch {
	case w.Phase != Booting:
		return ""
	case w.Node.ID == "":
		return StageRequested
	case w.Node.Address == "":
		return StageBuilding
	case w.Orphan:
		return StageAddress
	case w.Node.Status == cluster.StatusBuild:
		return StageEnrolled
	}
	return StageStarted
}
