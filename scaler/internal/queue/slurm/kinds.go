package slurm

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/slurm/hostlist"
)

// terms are what jobs are held against.
type terms struct {
	now          time.Time
	memory       bool // memory is given out to jobs
	private      bool // jobs of others may be hidden
	partitions   map[string]partition
	reservations []reservation
}

// groups returns the names of partitions that are a worker group: their nodes are the set
// of the partition's name.
func (c terms) groups() map[string]bool {
	out := map[string]bool{}
	for name, p := range c.partitions {
		if len(p.sets) == 1 && p.sets[0] == name {
			out[name] = true
		}
	}
	return out
}

// kind is what waiting jobs have in common that ask for the same, for the same reason.
type kind struct {
	why   string // why the jobs do not count; "": they do
	held  bool   // they wait for a person
	group queue.JobGroup

	arrayLimit bool // by Slurm's word, the limit of their array is reached
}

// Bounds of what a job's user writes and a requirement keeps, in bytes.
const (
	longestFeatures = 4 << 10
	longestHosts    = 16 << 10
	mostHosts       = 100_000 // names in a list
)

// lists are what a job's user writes about workers: its constraint, the nodes that it names,
// and those that it must not run on. Each may be notKept.
type lists struct{ features, required, excluded string }

// kindOf reads what a waiting job asks for.
func (c terms) kindOf(r record, own lists, groups map[string]bool) kind {
	v := judgeReason(r.text(fieldReason), r.number(fieldRestarts))
	if !v.counts {
		return kind{why: v.why, held: v.held}
	}
	if r.text(fieldReservation) != "" {
		return kind{why: "asks for a reservation, whose nodes are fixed"}
	}
	wants := strings.Split(r.text(fieldPartition), ",")
	if len(own.features) > longestFeatures || len(own.required) > longestHosts || len(own.excluded) > longestHosts {
		return kind{why: "its constraint or its list of nodes is too long"}
	}
	manner := c.mannerOf(wants)
	d := demandOf(r, manner)
	if n, err := hostlist.Count(own.required, mostHosts); err == nil && n > d.nodes && d.tasks == 0 {
		d.nodes = n // the job gets all nodes that it names
	}
	if why := c.limits(wants, d, limit(r.text(fieldLimit))); why != "" {
		return kind{why: why}
	}
	g := queue.JobGroup{Asks: d.asks, Takes: d.asks, Tasks: d.tasks, Exclusive: d.exclusive || manner.exclusive, Group: groupAsked(wants, own.features, groups)}
	if d.nodes > 1 {
		g.Nodes = d.nodes
	}
	g.OneGroup = d.many() && (len(wants) > 1 || strings.Contains(own.features, "[") && !strings.Contains(own.features, "*"))
	g.Requires = c.requirement(wants, own, d)
	return kind{group: g, arrayLimit: v.arrayLimit}
}

// manner is how partitions give their nodes to jobs.
type manner struct {
	exclusive bool // a job shares no node
	memory    bool // memory is given out to jobs
	estimated bool // Slurm knows nodes by which it estimates how many a job needs
}

// mannerOf returns the manner of a job's partitions: of several that differ, the one that
// asks for more.
func (c terms) mannerOf(wants []string) manner {
	m, known := manner{exclusive: true}, false
	for _, name := range wants {
		p, is := c.partitions[name]
		known = known || is
		m.exclusive, m.memory, m.estimated = m.exclusive && p.exclusive, m.memory || p.memory, m.estimated || is && !p.empty
	}
	if !known {
		return manner{memory: c.memory}
	}
	return m
}

// limits returns why no partition of a job ever starts it; "" if one can.
func (c terms) limits(wants []string, d demanded, lasts time.Duration) string {
	why := ""
	for _, name := range wants {
		p, known := c.partitions[name]
		switch {
		case !known:
			return "" // Slurm knows it: the listing came before
		case !p.starts:
			why = "its partition is down or inactive"
		case lasts > p.maxTime && lasts != unlimited:
			why = "its time limit exceeds its partition's (PartitionTimeLimit)"
		case p.maxNodes > 0 && d.nodes > p.maxNodes:
			why = "it asks for more nodes than its partition allows (PartitionNodeLimit)"
		default:
			return c.kept(wants, lasts)
		}
	}
	return why
}

// kept returns which reservation keeps new workers from a job; "" if none does.
func (c terms) kept(wants []string, lasts time.Duration) string {
	for _, o := range c.reservations {
		if o.keeps(wants, lasts, c.now) {
			return "its time limit reaches into reservation " + text.Line(o.name, 60)
		}
	}
	return ""
}

// groupAsked returns the worker group that a job can run in alone: that of its only
// partition, or of a feature without which it does not run; "" if it leaves it open.
func groupAsked(wants []string, features string, groups map[string]bool) string {
	if len(wants) == 1 && groups[wants[0]] {
		return wants[0]
	}
	if strings.ContainsAny(features, "|[]()*") {
		return ""
	}
	for name := range strings.FieldsFuncSeq(features, func(r rune) bool { return r == '&' || r == ',' }) {
		if groups[name] {
			return name
		}
	}
	return ""
}

// requirement returns what a job demands of a worker beside amounts, in the language that
// Judge reads; nil: nothing.
func (c terms) requirement(wants []string, own lists, d demanded) *queue.Requirement {
	var r queue.Requirement
	add := func(kind, value string) {
		switch value {
		case "":
		case notKept:
			r.NotJudged = append(r.NotJudged, kind+": "+tooManyTexts)
		default:
			r.Clauses = append(r.Clauses, kind+": "+value)
		}
	}
	add(clauseFeatures, own.features)
	others := len(r.Clauses)
	add(clauseNodes, own.required)
	add(clauseNotNodes, own.excluded)
	r.Personal = len(r.Clauses) > others
	if !slices.ContainsFunc(wants, func(name string) bool { return name == "" || c.partitions[name].all }) {
		r.Clauses = append(r.Clauses, partitionsClause(wants, func(name string) []string { return c.partitions[name].sets }))
	}
	if len(r.Clauses)+len(r.NotJudged) == 0 {
		return nil
	}
	if d.many() && (own.features != "" || own.required != "") || len(r.Clauses) == 0 {
		add(clauseWorkers, strconv.Itoa(d.workers()))
	}
	return &r
}

// keyOf returns a digest of what jobs ask for: half of a SHA-256 sum, so that no user can
// make two different groups with the same one.
func keyOf(g queue.JobGroup) string {
	var sum []byte
	for _, s := range []queue.Shape{g.Asks, g.Takes} {
		for _, n := range []int{s.Cpus, s.MemoryMiB, s.DiskKiB, s.GPUs} {
			sum = binary.AppendVarint(sum, int64(n))
		}
	}
	sum = fmt.Appendf(sum, "%d %d %t %t %q", g.Nodes, g.Tasks, g.Exclusive, g.OneGroup, g.Group)
	if g.Requires != nil {
		sum = fmt.Appendf(sum, " %q", g.Requires.Clauses)
		if len(g.Requires.NotJudged) > 0 {
			sum = fmt.Appendf(sum, " %q", g.Requires.NotJudged)
		}
	}
	whole := sha256.Sum256(sum)
	return hex.EncodeToString(whole[:16])
}
