package queue

import "fmt"

// Requirement is what jobs demand of a worker beside amounts. Its clauses are in
// the batch system's own language; its Judge reads them.
type Requirement struct {
	Clauses []string `json:"clauses"` // a worker must meet all of them

	// Job holds the attributes of the jobs that the clauses name, directly or by
	// each other: name in lower case → expression in the same language.
	Job map[string]string `json:"job,omitempty"`

	// Amounts says that the answer depends on what is free on the worker.
	Amounts bool `json:"amounts,omitempty"`
	// Personal says that the answer depends on attributes that differ from worker
	// to worker, such as its name.
	Personal bool `json:"personal,omitempty"`
	// Partial says that the jobs may have attributes that the clauses name and
	// that are not in Job.
	Partial bool `json:"partial,omitempty"`

	// NotJudged says which parts of what the jobs demand exceed a bound and are not
	// among the clauses, each with the reason. They count as met.
	NotJudged []string `json:"not_judged,omitempty"`
}

// Judgement is the answer of a Judge.
type Judgement struct {
	// Unmet is the part that the worker does not meet, for people. "" means that the
	// worker meets all that can be judged by what is known of it.
	Unmet string
	// NotJudged is why a part exceeds a bound, and is not judged; "": no part does. It
	// is also set if Unmet is.
	NotJudged string
	// Steps is how much work it was. A step takes well below a microsecond.
	Steps int
}

// Judge holds a requirement against a worker. It takes a limited number of steps at
// most. A clause that cannot be read or exceeds a bound counts as met: the batch
// system decides. The answer depends on the arguments alone.
type Judge func(r *Requirement, worker Attributes, free Shape, steps int) Judgement

var judges = map[string]Judge{}

// RegisterJudge makes the judge of a batch system known, by the name of its adapter
// as in Traits.System. It is called before main begins.
func RegisterJudge(system string, judge Judge) {
	if judges[system] != nil {
		panic(fmt.Sprintf("queue: the judge of %q is registered twice", system))
	}
	judges[system] = judge
}

// JudgeOf returns the judge of a batch system. Where there is none, ok is false,
// and every worker meets every requirement.
func JudgeOf(system string) (judge Judge, ok bool) {
	if judge, ok = judges[system]; ok {
		return judge, true
	}
	return func(*Requirement, Attributes, Shape, int) Judgement { return Judgement{} }, false
}
