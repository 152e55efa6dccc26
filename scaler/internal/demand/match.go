package demand

import (
	"maps"
	"slices"
	"strconv"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// matcher judges whether jobs can start on a worker. It keeps what it has judged.
type matcher struct {
	traits queue.AttributeTraits
	judge  queue.Judge
	judged map[judgement]string
	works  []work
	work   map[*queue.Requirement]int32 // where in works
}

// Bounds of the work of judging. Any user may queue a job, and a requirement may be as
// much work as its author likes.
const (
	mostSteps      = 30_000_000 // for all requirements together, about
	leastSteps     = 1_000      // for each of them, however many there are
	mostStepsOfOne = 200_000    // for each kind of jobs that has the requirement
)

// mostJudged bounds the answers that are kept, of some 100 bytes each: where each of
// thousands of jobs names workers of its own, an answer is hardly asked for twice.
const mostJudged = 100_000

// work is the work that one requirement was so far, and may be.
type work struct {
	steps     int
	most      int
	notJudged string // see queue.Judgement
}

func newMatcher(traits queue.Traits, jobs []queue.JobGroup) *matcher {
	judge, _ := queue.JudgeOf(traits.System)
	m := &matcher{traits: traits.Attributes, judge: judge, judged: map[judgement]string{}, work: map[*queue.Requirement]int32{}}
	for i := range jobs {
		r := jobs[i].Requires
		if r == nil {
			continue
		}
		at, known := m.work[r]
		if !known {
			at = int32(len(m.works)) //nolint:gosec // no queue has 2³¹ kinds of jobs
			m.work[r] = at
			m.works = append(m.works, work{})
		}
		m.works[at].most += mostStepsOfOne
	}
	share := max(mostSteps/max(len(m.works), 1), leastSteps)
	for i := range m.works {
		m.works[i].most = min(m.works[i].most, share)
	}
	return m
}

// judgement is the key of an answer: whether workers that are alike meet a requirement.
type judgement struct {
	requirement *queue.Requirement
	likeness    uint64
	gpus        int    // free ones: a requirement may count them without naming an amount
	worker      string // set if the requirement depends on personal attributes
}

// fitting returns how many of the jobs can start on a bin, at most n, and what each
// takes of it.
func (m *matcher) fitting(b *bin, g *queue.JobGroup, n int) (int, queue.Shape) {
	if g.Exclusive {
		n = min(n, 1)
	}
	return m.holding(b, g, n)
}

// holding returns how many parts of the jobs can start on a bin, at most n, and what each
// takes of it. Of an exclusive job they are parts of one job.
func (m *matcher) holding(b *bin, g *queue.JobGroup, n int) (int, queue.Shape) {
	if g.Group != "" && g.Group != b.group || g.Exclusive && !b.empty {
		return 0, queue.Shape{}
	}
	count, takes := held(b.free, g, n)
	if count == 0 || m.lacks(b, g) != "" {
		return 0, queue.Shape{}
	}
	return count, takes
}

// lacks returns the part of the jobs' requirements that a worker does not meet.
func (m *matcher) lacks(b *bin, g *queue.JobGroup) string {
	if g.Requires == nil {
		return ""
	}
	if g.Requires.Amounts {
		return m.hold(g.Requires, b)
	}
	about := judgement{requirement: g.Requires, likeness: b.likeness, gpus: b.free.GPUs}
	if g.Requires.Personal {
		about.worker = b.worker
	}
	why, known := m.judged[about]
	if !known {
		why = m.hold(g.Requires, b)
		if len(m.judged) >= mostJudged {
			clear(m.judged)
		}
		m.judged[about] = why
	}
	return why
}

// hold holds a requirement against a worker. One whose share of the work is used up
// counts as met from then on.
func (m *matcher) hold(r *queue.Requirement, b *bin) string {
	w := &m.works[m.work[r]]
	if w.steps >= w.most {
		return ""
	}
	j := m.judge(r, b.attributes, b.free, w.most-w.steps)
	w.steps += max(j.Steps, 1)
	if w.notJudged == "" {
		w.notJudged = j.NotJudged
	}
	if w.steps >= w.most && w.notJudged == "" {
		w.notJudged = "to hold them against all workers takes more than " + strconv.Itoa(w.most) + " steps"
	}
	return text.Line(j.Unmet, mostUnmet)
}

// mostUnmet bounds the text of an unmet requirement, in characters.
const mostUnmet = 300

// notJudged returns the jobs whose requirements are not judged whole, one value for
// each reason, in the order of their reasons.
func (m *matcher) notJudged(jobs []queue.JobGroup) []NotJudged {
	by := map[string]*NotJudged{}
	for i := range jobs {
		g := &jobs[i]
		if g.Requires == nil || m.works[m.work[g.Requires]].notJudged == "" {
			continue
		}
		why := text.Line(m.works[m.work[g.Requires]].notJudged, mostUnmet)
		if by[why] == nil && len(by) >= mostReasons {
			why = "other parts exceed a bound, too"
		}
		if by[why] == nil {
			by[why] = &NotJudged{First: g.First, Why: why}
		}
		by[why].Count += g.Count
	}
	var out []NotJudged
	for _, why := range slices.Sorted(maps.Keys(by)) {
		out = append(out, *by[why])
	}
	return out
}

// mostReasons bounds the number of reasons of jobs that are not judged.
const mostReasons = 10

// fits returns how many of the jobs fit, at most n, and what each takes.
func fits(free queue.Shape, g *queue.JobGroup, n int) (int, queue.Shape) {
	if g.Exclusive {
		n = min(n, 1)
	}
	return held(free, g, n)
}

// held returns how many parts of the jobs fit, at most n, and what each takes. If the
// rounded request does not fit, the batch system tries the job's own request.
func held(free queue.Shape, g *queue.JobGroup, n int) (int, queue.Shape) {
	if count := free.Holds(g.Takes, n); count > 0 {
		return count, g.Takes
	}
	return free.Holds(g.Asks, min(n, 1)), g.Asks
}
