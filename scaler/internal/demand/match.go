package demand

import "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"

// matcher judges whether jobs can start on a worker. It keeps what it has judged.
type matcher struct {
	traits queue.AttributeTraits
	judge  queue.Judge
	judged map[judgement]string
}

func newMatcher(traits queue.Traits) *matcher {
	judge, _ := queue.JudgeOf(traits.System)
	return &matcher{traits: traits.Attributes, judge: judge, judged: map[judgement]string{}}
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
	if g.Group != "" && g.Group != b.group || g.Exclusive && !b.empty {
		return 0, queue.Shape{}
	}
	count, takes := fits(b.free, g, n)
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
		return m.judge(g.Requires, b.attributes, b.free)
	}
	about := judgement{requirement: g.Requires, likeness: b.likeness, gpus: b.free.GPUs}
	if g.Requires.Personal {
		about.worker = b.worker
	}
	why, known := m.judged[about]
	if !known {
		why = m.judge(g.Requires, b.attributes, b.free)
		m.judged[about] = why
	}
	return why
}

// fits returns how many of the jobs fit, at most n, and what each takes. If the rounded
// request does not fit, the batch system tries the job's own request.
func fits(free queue.Shape, g *queue.JobGroup, n int) (int, queue.Shape) {
	if g.Exclusive {
		n = min(n, 1)
	}
	if count := free.Holds(g.Takes, n); count > 0 {
		return count, g.Takes
	}
	return free.Holds(g.Asks, min(n, 1)), g.Asks
}
