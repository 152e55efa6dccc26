package cluster

// StatusNotJoined is no word of Nova's: the server is ACTIVE, and the front-end
// has not been able to join it for longer than a boot may take.
const StatusNotJoined Status = "NOT_JOINED"

// StatusDeleting is a task of Nova's and no status: a server keeps the status that
// it had until its deletion is done.
const StatusDeleting Status = "DELETING"

// Standing says what a status means for a worker.
type Standing string

// The standings.
const (
	Sound   Standing = "sound"    // works, or will by itself
	SetAway Standing = "set away" // somebody's doing, and theirs to undo: it is kept and counted
	Unfit   Standing = "unfit"    // a repair makes it anew under its name
	Gone    Standing = "gone"     // deleted, though a list still shows it: made anew likewise
)

// standings is the whole of Nova's statuses (api-guide: server_concepts). A
// status that is not here is sound: what a cloud calls it is no reason to delete
// a server.
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

// Unfit tells that a repair makes the worker anew.
func (n Node) Unfit() bool { return n.Status.Standing() == Unfit }
