package slurm

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/slurm/hostlist"
)

// Bounds of what a snapshot holds: any user may queue any number of jobs.
const (
	mostGroups  = 200_000
	mostReasons = 50  // of jobs that do not count
	longestWhy  = 200 // characters of such a reason
)

// justQueued is the age up to which a job may be queued between two calls of squeue.
const justQueued = time.Minute

// jobList collects the records of squeue in the groups of a snapshot.
type jobList struct {
	terms    terms
	groups   map[string]bool // see terms.groups
	excluded exclusions

	listed       int              // records
	unlisted     int              // jobs that were not listed with what they exclude, and should have been
	kinds        map[digest]*kind // by what records have in common
	common       []byte           // that of the last one
	requirements map[digest]*queue.Requirement
	texts        texts
	jobs         []queue.JobGroup
	byKey        map[string]int // where in jobs
	skipped      map[string]*queue.Skipped
	running      int
	onNode       map[string]int
	arrays       map[string]int // tasks that run, by the array's ID
	limited      []waiting      // tasks of arrays that limit how many run at once
	parts        map[string][]waiting
	leftOut      []string
	left         leave
	watch        func(record) // gets each record; nil: nothing does
}

// waiting is a number of jobs that wait.
type waiting struct {
	kind   *kind
	id     string // of the first of them
	queued time.Time
	count  int
	array  string // ID of the array whose tasks they are; "": of none
	most   int    // tasks of the array that run at once; 0: any number
}

func newJobList(c terms, excluded exclusions) *jobList {
	l := &jobList{
		terms: c, groups: c.groups(), excluded: excluded,
		kinds: map[digest]*kind{}, requirements: map[digest]*queue.Requirement{}, byKey: map[string]int{}, skipped: map[string]*queue.Skipped{},
		onNode: map[string]int{}, arrays: map[string]int{}, parts: map[string][]waiting{},
	}
	l.left = leaver("the record of job", &l.leftOut)
	return l
}

// add takes a record.
func (l *jobList) add(fields [][]byte) {
	r := record(fields)
	l.listed++
	if l.watch != nil {
		l.watch(r)
	}
	switch {
	case r.id() == "":
		l.left("?", "its ID is none")
	case r.runs():
		l.runs(r)
	case r.waits():
		l.waits(r)
	}
}

func (l *jobList) runs(r record) {
	l.running++
	if r.isArray() {
		l.arrays[string(r[fieldArray])]++
	}
	nodes, err := hostlist.Expand(r.text(fieldNodes), mostHosts)
	if err != nil {
		l.left(r.id(), "its list of nodes: "+err.Error())
	}
	for _, name := range nodes {
		l.onNode[strings.ToLower(name)]++
	}
}

func (l *jobList) waits(r record) {
	w := waiting{kind: l.kind(r), id: r.id(), queued: r.queued(l.terms.now), count: 1}
	if string(r[fieldState]) == "PENDING" && !l.excluded.listed[string(r[fieldID])] && w.queued.Before(l.terms.now.Add(-justQueued)) {
		l.unlisted++
	}
	if r.isArray() {
		tasks, complete := tasksOf(r.text(fieldTasksOfArray))
		if !complete {
			l.left(w.id, "its list of tasks can't be read whole")
		}
		w.count, w.most, w.array = max(tasks.count, 1), tasks.most, string(r[fieldArray])
	}
	switch het := r.het(); {
	case w.kind.arrayLimit && w.most == 0:
		l.skip(arrayLimit, w.count, w.id)
	case het != "":
		l.parts[het] = append(l.parts[het], w)
	case w.most > 0:
		l.limited = append(l.limited, w)
	default:
		l.count(w)
	}
}

// kind returns the kind of a waiting job.
func (l *jobList) kind(r record) *kind {
	l.common = append(r.common(l.common[:0]), l.excluded.lists[string(r[fieldID])]...)
	same := digest(sha256.Sum256(l.common))
	if k := l.kinds[same]; k != nil {
		return k
	}
	k := l.terms.kindOf(r, l.listsOf(r), l.groups)
	k.why = text.Line(k.why, longestWhy)
	if k.group.Requires != nil {
		clauses := sha256.Sum256(fmt.Appendf(nil, "%q%q", k.group.Requires.Clauses, k.group.Requires.NotJudged))
		if l.requirements[clauses] == nil {
			l.requirements[clauses] = k.group.Requires
		}
		k.group.Requires = l.requirements[clauses]
	}
	if k.why == "" {
		k.group.Key = keyOf(k.group)
	}
	l.kinds[same] = &k
	return &k
}

// count adds jobs to the group of those that ask for the same, or to those that do not
// count.
func (l *jobList) count(w waiting) {
	if w.kind.why != "" {
		l.skip(w.kind.why, w.count, w.id)
		return
	}
	i, known := l.byKey[w.kind.group.Key]
	if !known && len(l.jobs) >= mostGroups {
		l.skip(fmt.Sprintf("there are more than %d kinds of jobs", mostGroups), w.count, w.id)
		return
	}
	if !known {
		i = len(l.jobs)
		l.byKey[w.kind.group.Key] = i
		l.jobs = append(l.jobs, w.kind.group)
	}
	g := &l.jobs[i]
	if g.Count == 0 || !w.queued.IsZero() && (g.Oldest.IsZero() || w.queued.Before(g.Oldest)) {
		g.Oldest, g.First = w.queued, w.id
	}
	g.Count += w.count
}

// skip notes jobs that do not count. Where there are very many reasons, one stands for the
// others.
func (l *jobList) skip(why string, n int, first string) {
	if l.skipped[why] == nil && len(l.skipped) >= mostReasons {
		why = "other reasons"
	}
	s := l.skipped[why]
	if s == nil {
		s = &queue.Skipped{Why: why, First: first}
		l.skipped[why] = s
	}
	s.Count += n
}

// heterogeneous counts the heterogeneous jobs. All parts of one start at once. They are a
// gang if all ask for the same; other ones can't be told as a job group.
func (l *jobList) heterogeneous() {
	for _, id := range slices.Sorted(maps.Keys(l.parts)) {
		parts := l.parts[id]
		slices.SortFunc(parts, func(a, b waiting) int { return cmp.Or(cmp.Compare(len(a.id), len(b.id)), strings.Compare(a.id, b.id)) })
		k := *parts[0].kind
		for _, p := range parts[1:] {
			switch {
			case k.why != "":
			case p.kind.why != "":
				k.why = p.kind.why
			case p.kind.group.Key != parts[0].kind.group.Key:
				k.why = "a heterogeneous job whose parts ask for different things: the scaler makes no workers for it"
			}
		}
		if k.why == "" {
			k.group = together(k.group, len(parts))
			k.group.Key = keyOf(k.group)
		}
		one := parts[0]
		one.kind = &k
		l.count(one)
	}
}

// together returns the group of jobs that are so many jobs of a group each. Two of these
// can be on one worker, if each is on one and they share it.
func together(g queue.JobGroup, parts int) queue.JobGroup {
	if g.Nodes > 1 || g.Exclusive {
		g.Nodes, g.Tasks = max(1, g.Nodes)*parts, g.Tasks*parts
	} else {
		g.Tasks = max(1, g.Tasks) * parts
	}
	return g
}

// arraysWithLimit counts the tasks of arrays that limit how many run at once.
func (l *jobList) arraysWithLimit() {
	for _, w := range l.limited {
		starts := min(w.count, max(0, w.most-l.arrays[w.array]))
		rest := w
		if rest.count -= starts; rest.count > 0 {
			if rest.kind.why != "" {
				l.count(rest)
			} else {
				l.skip(arrayLimit, rest.count, rest.id)
			}
		}
		if w.count = starts; starts > 0 {
			l.count(w)
		}
	}
}

// fill writes the jobs into a snapshot.
func (l *jobList) fill(s *queue.Snapshot) {
	l.heterogeneous()
	l.arraysWithLimit()
	s.Jobs, s.Running, s.OnNode = l.jobs, l.running, l.onNode
	for _, k := range l.skipped {
		s.Skipped = append(s.Skipped, *k)
	}
	slices.SortFunc(s.Skipped, func(a, b queue.Skipped) int { return strings.Compare(a.Why, b.Why) })
	s.LeftOut = append(s.LeftOut, l.leftOut...)
}
