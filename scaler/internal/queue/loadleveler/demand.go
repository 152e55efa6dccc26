package loadleveler

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/loadleveler/requirements"
)

// Bounds of what a step's user writes and a requirement keeps, in bytes.
const longestRequirements = 8 << 10

// limitReached matches messages by which the negotiator says that a step waits for a limit,
// which no further machine helps: "User = ada has reached the maximum number of job steps
// allowed running in class serial." (recorded in nwpc-monitor-app). Other messages name
// resources that are not there now.
var limitReached = regexp.MustCompile(`(?i)(reached|exceed(s|ed|ing)?|over|at) (the|its|their|a) (\S+ ){0,4}?(maximum|max|limit)|maximum number of .{0,80} (has been|is|was) (reached|exceeded)`)

// standing returns why a waiting step does not count; "" if it does.
func standing(s *step, now time.Time) string {
	later := func(label int) bool { return moment(s.values[label]).After(now) }
	switch {
	case later(labelHeldUntil), later(labelEligible):
		return "is to begin at a later time (Hold Job Until)"
	case s.values[labelReservation] != "" || s.values[labelRequestedReservation] != "":
		return "asks for a reservation, whose machines are fixed"
	case limitReached.MatchString(s.values[labelMessages]):
		return "the negotiator says: " + s.values[labelMessages]
	}
	return ""
}

// demanded is what a step asks for in amounts.
type demanded struct {
	asks      queue.Shape // of each of its machines; of each part if there are parts
	nodes     int         // number of machines; 1 or more
	parts     int         // equal parts that any machines may share; 0: none
	others    []resource  // further consumable resources
	exclusive bool
}

// demandOf reads what a step asks for. Resources are a task's; a step without them gets
// those of its class, and takes an initiator for each task: a CPU here. Of a step that
// waits, llq -l says how many tasks a machine gets only if it has a task geometry or
// blocking; of others a machine is asked for one task at least. Task is what one of the
// tasks asks for.
func demandOf(s *step, c class) (d demanded, task queue.Shape) {
	list, ofNode := s.values[labelResources], s.values[labelNodeResources]
	if list == "" && ofNode == "" {
		list, ofNode = c.resources, c.nodeResources
	}
	var others []resource
	task, others = amountsOf(resourcesIn(list))
	node, more := amountsOf(resourcesIn(ofNode))
	task.Cpus = max(1, task.Cpus)
	d = demanded{nodes: 1, others: append(others, more...), exclusive: strings.TrimSpace(s.values[labelUsage]) == "not_shared"}
	tasks := 1
	switch {
	case !s.isParallel():
		d.nodes = max(1, whole(s.values[labelProcessors]))
	case s.values[labelGeometry] != "":
		d.nodes, tasks = geometry(s.values[labelGeometry])
		d.nodes = max(d.nodes, machines(s))
	case s.nodes[0].blocking != "" && s.nodes[0].totalTasks > 0:
		d.parts, tasks = blocks(s.nodes[0])
	default:
		d.nodes = machines(s)
	}
	d.nodes = max(1, d.nodes)
	d.asks = queue.Shape{
		Cpus: max(product(tasks, task.Cpus), node.Cpus), MemoryMiB: max(product(tasks, task.MemoryMiB), node.MemoryMiB),
		GPUs: max(product(tasks, task.GPUs), node.GPUs),
	}
	return d, task
}

// machines returns on how many machines a parallel step runs at least: a step has a block
// for each kind of them.
func machines(s *step) int {
	n := 0
	for _, b := range s.nodes {
		n = min(n+b.least, mostAmount)
	}
	return n
}

// geometry reads a task geometry: "{(0,1)(2)}" are two machines, one of which gets two
// tasks. The larger number of tasks counts for each of them.
func geometry(text string) (nodes, tasks int) {
	for set := range strings.SplitSeq(text, "(") {
		list, _, closed := strings.Cut(set, ")")
		if list = strings.TrimSpace(list); !closed || list == "" {
			continue
		}
		nodes, tasks = nodes+1, max(tasks, 1+strings.Count(list, ","))
	}
	return nodes, max(tasks, 1)
}

// blocks returns in how many parts of how many tasks a step with blocking runs. Blocking
// "UNLIMITED" puts each task where there is room.
func blocks(n nodeBlock) (parts, tasks int) {
	tasks = max(1, min(whole(n.blocking), n.totalTasks))
	return quotient(n.totalTasks, tasks), tasks
}

// groupOf returns the job group of a step; workers is the worker group that its class
// stands for, "" if it stands for none.
func groupOf(s *step, d demanded, workers string) queue.JobGroup {
	g := queue.JobGroup{Asks: d.asks, Takes: d.asks, Exclusive: d.exclusive, Group: workers}
	switch {
	case d.parts > 1:
		g.Nodes, g.Tasks = 1, d.parts
	case d.nodes > 1:
		g.Nodes = d.nodes
	}
	g.Requires = requirementOf(s, d)
	g.Key = keyOf(g)
	return g
}

// The kinds of clauses of a queue.Requirement. A clause is its kind, a colon and a space,
// and a value.
const (
	clauseClass        = "class"        // the name of the steps' class
	clauseRequirements = "requirements" // an expression, see package requirements
	clauseResource     = "resource"     // a further consumable resource: "licence(2)"
	clauseDifferent    = "different"    // the steps' machines have different requirements
)

// requirementOf returns what a step demands of a machine beside amounts.
func requirementOf(s *step, d demanded) *queue.Requirement {
	var r queue.Requirement
	add := func(kind, value string) { r.Clauses = append(r.Clauses, kind+": "+value) }
	add(clauseClass, text.Line(s.values[labelClass], 200))
	all := []string{s.values[labelRequirements]}
	for i, n := range s.nodes {
		if i == 0 {
			all = all[:0]
		}
		if !slices.Contains(all, n.requirements) {
			all = append(all, n.requirements)
		}
	}
	switch {
	case len(all) > 1:
		add(clauseDifferent, fmt.Sprint(len(all)))
	case len(all[0]) > longestRequirements:
		r.NotJudged = append(r.NotJudged, fmt.Sprintf("requirements of more than %d bytes", longestRequirements))
	case all[0] != "":
		add(clauseRequirements, all[0])
		r.Personal = requirements.NamesMachine(all[0])
	}
	for _, o := range d.others {
		add(clauseResource, o.name+"("+o.amount+")")
	}
	return &r
}

// keyOf returns a digest of what steps ask for: half of a SHA-256 sum, so that no user can
// make two different groups with the same one.
func keyOf(g queue.JobGroup) string {
	var sum []byte
	for _, n := range []int{g.Asks.Cpus, g.Asks.MemoryMiB, g.Asks.DiskKiB, g.Asks.GPUs, g.Nodes, g.Tasks} {
		sum = binary.AppendVarint(sum, int64(n))
	}
	sum = fmt.Appendf(sum, "%t %q %q %q", g.Exclusive, g.Group, g.Requires.Clauses, g.Requires.NotJudged)
	whole := sha256.Sum256(sum)
	return hex.EncodeToString(whole[:16])
}
