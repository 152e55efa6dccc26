package slurm

import "strings"

// standing is what a reason of Slurm's for which a job waits means to the scaler.
type standing struct {
	counts bool // a further worker can help
	held   bool // the job waits for a person
	// arrayLimit says that as many tasks of the job's array run as may. Tasks of an array
	// that wait share one reason, so the reader counts those that run itself.
	arrayLimit bool
	why        string // for people; "": the reason itself
}

// reasons are Slurm's words for why a job waits, up to the first comma, bracket or colon,
// in lower case. What is not among them does not count, by its own name.
//
// From src/common/slurm_protocol_defs.c (job_reason_string) of 22.05 to 24.11.
var reasons = map[string]standing{
	"none":              {counts: true}, // not looked at yet
	"resources":         {counts: true},
	"priority":          {counts: true}, // behind another job; nothing is known of it beyond that
	"reqnodenotavail":   {counts: true}, // the nodes that fit are drained, down or placeholders
	"sched" + "defer":   {counts: true}, // not looked at yet
	"cleaning":          {counts: true}, // ends on its old nodes, and runs again
	"nodedown":          {counts: true},
	"partitionconfig":   {counts: true}, // larger than what the partition has now
	"frontenddown":      {why: "the cluster's front-end daemon is down (FrontEndDown)"},
	"begintime":         {why: "is to begin at a later time (BeginTime)"},
	"dependency":        {why: "waits for another job (Dependency)"},
	"jobheldadmin":      {held: true, why: "held by an operator (JobHeldAdmin)"},
	"jobhelduser":       {held: true, why: "held by its user (JobHeldUser)"},
	"badconstraints":    {held: true, why: badConstraints},
	"jobarraytasklimit": {counts: true, arrayLimit: true},

	"dependencyneversatisfied":                {why: "waits for another job that will never end as it must (DependencyNeverSatisfied)"},
	"partitiondown":                           {why: "its partition is down (PartitionDown)"},
	"partitioninactive":                       {why: "its partition is inactive (PartitionInactive)"},
	"partitiontimelimit":                      {why: "its time limit exceeds its partition's (PartitionTimeLimit)"},
	"reservation":                             {why: "waits for its reservation (Reservation)"},
	"licenses":                                {why: "waits for licenses (Licenses)"},
	"deadline":                                {why: "can't end before its deadline (DeadLine)"},
	"joblaunchfailure":                        {held: true, why: "held after its launch failed (JobLaunchFailure)"},
	"launch failed requeued held":             {held: true, why: "held after its launch failed"},
	"job requeued in held state":              {held: true, why: "requeued and held by an operator"},
	"user env retrieval failed requeued held": {held: true, why: "held after its user's environment could not be read"},
}

const (
	badConstraints = "held by Slurm since no node had a feature that it asks for (BadConstraints); release it when its worker group is there again"
	arrayLimit     = "its array's limit of tasks at once is reached (JobArrayTaskLimit)"
)

// nodesRequired begins the reason of a job whose nodes are all down, drained or kept for
// others: a further worker helps.
const nodesRequired = "nodes required for job are down, drained"

// maintenance is what follows ReqNodeNotAvail where a reservation keeps the nodes: a
// further worker would be kept as well.
const maintenance = "reserved for maintenance"

// judgeReason returns what a reason means for a job that has been started that often
// before.
func judgeReason(reason string, restarts int) standing {
	lower := strings.ToLower(reason)
	if strings.HasPrefix(lower, nodesRequired) {
		return standing{counts: true}
	}
	if strings.Contains(lower, maintenance) {
		return standing{why: "a reservation for maintenance keeps the nodes"}
	}
	name := word(lower)
	v, known := reasons[name]
	switch {
	case name == "begintime" && restarts > 0:
		return standing{counts: true} // Slurm lets a job rest after it has lost its node, and then runs it again
	case name == "partitionnodelimit":
		return standing{counts: true} // see limits: the partition's own limit has been compared before
	case !known:
		return standing{why: "its reason is " + word(reason)}
	}
	return v
}

// word returns the name in a reason, without what Slurm adds: names of nodes, a list.
func word(reason string) string {
	if i := strings.IndexAny(reason, ",(:["); i >= 0 {
		reason = reason[:i]
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return "none"
	}
	return reason
}
