package cluster

// StatusNotJoined is not a status of Nova: the server is ACTIVE, and the front-end has
// not been able to join it for longer than a boot may take.
const StatusNotJoined Status = "NOT_JOINED"

// StatusDeleting is a task of Nova and no status: a server keeps its status until its
// deletion is done.
const StatusDeleting Status = "DELETING"

// Standing is the meaning of a status for a worker.
type Standing string

// The standings.
const (
	Sound   Standing = "sound"    // works, or will work without help
	SetAway Standing = "set away" // a person has set it aside and will bring it back: it is kept and counted
	Unfit   Standing = "unfit"    // a repair makes it anew under its name
	Gone    Standing = "gone"     // deleted, though a list still shows it: made anew likewise
)

// standings are all statuses of Nova (api-guide: server_concepts). Any other status is
// sound, because an unknown status is no reason to delete a server.
var standings = map[Status]Standing{
	StatusActive: Sound, StatusBuild: Sound,
	"REBOOT": Sound, "HARD_REBOOT": Sound, "PASSWORD": Sound,
	"REBUILD": Sound, "MIGRATING": Sound,
	"RESIZE": Sound, "VERIFY_RESIZE": Sound, "REVERT_RESIZE": Sound,
	StatusUnknown: Sound, // the cell is down, the server need not be

	"PAUSED": SetAway, "SUSPENDED": SetAway, "RESCUE": SetAway,
	"SHELVED": SetAway, "SHELVED_OFFLOADED": SetAway,

	StatusError: Unfit, StatusShutoff: Unfit, StatusNotJoined: Unfit, StatusDeleting: Unfit,

	StatusDeleted: Gone, "SOFT_DELETED": Gone,
}

// Standing returns what the status means for a worker.
func (s Status) Standing() Standing {
	if standing, ok := standings[s]; ok {
		return standing
	}
	return Sound
}

// Unfit reports whether a repair makes the worker anew.
func (n Node) Unfit() bool { return n.Status.Standing() == Unfit }
