package htcondor

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor/classad"
)

// compiled remembers the expressions of a queue: the reader and the judge both need
// each.
var compiled = new(classad.Cache)

// Judge implements queue.Judge for requirements that a Reader of this package has
// read.
func Judge(r *queue.Requirement, attributes queue.Attributes, free queue.Shape, steps int) (j queue.Judgement) {
	if len(r.NotJudged) > 0 {
		j.NotJudged = r.NotJudged[0]
	}
	budget := classad.Usual
	budget.Steps = min(budget.Steps, steps)
	job := jobTexts{r.Job, r.Partial}
	m := machine{attributes, free}
	s := classad.NewScope(job, m, budget)
	defer func() { j.Steps += s.Steps() }()
	for _, part := range r.Clauses {
		clause := compiled.Compile(part)
		v, err := s.Value(clause)
		var limit *classad.LimitError
		switch {
		case errors.As(err, &limit):
			if j.NotJudged == "" {
				j.NotJudged = notJudged(part, limit)
			}
			j.Steps += s.Steps()
			budget.Steps -= s.Steps()
			s = classad.NewScope(job, m, budget)
			continue
		case err != nil:
			continue // HTCondor decides
		}
		if _, is := v.(classad.Unknown); is {
			continue
		}
		if met, ok := classad.Truth(v); !ok || !met {
			j.Unmet = excerpt(part) + facts(s, clause, job)
			return j
		}
	}
	return j
}

// notJudged returns why a clause is not judged, for people.
func notJudged(clause string, limit *classad.LimitError) string {
	return excerpt(clause) + ": " + limit.What
}

// Bounds of a judgement's text, in characters.
const (
	longestExcerpt = 150 // of a clause
	longestFact    = 60  // of a machine's attribute
	mostFacts      = 8
)

func excerpt(clause string) string { return text.Line(clause, longestExcerpt) }

// jobTexts are the attributes of a job in the form of a requirement.
type jobTexts struct {
	of      map[string]string
	partial bool // see queue.Requirement
}

// Get implements classad.Job.
func (t jobTexts) Get(name string) (any, bool) {
	text, there := t.of[name]
	switch {
	case there:
		return compiled.ValueOf(text), true
	case t.partial && !fetched[name]:
		return classad.Unknown{}, false
	}
	return nil, false
}

// machine is a worker in the form of a machine ad.
type machine struct {
	attributes queue.Attributes
	free       queue.Shape
}

// Of implements classad.Machine.
func (m machine) Of(name string) any {
	if n, ok := m.amount(name); ok {
		return n
	}
	v, told := m.attributes[name]
	switch {
	case !told:
		return classad.Unknown{}
	case v == nil:
		return classad.Undefined{}
	}
	return v
}

// amount returns how much of an amount is free on the machine.
func (m machine) amount(name string) (n int64, ok bool) {
	switch name {
	case "cpus":
		return int64(m.free.Cpus), true
	case "memory":
		return int64(m.free.MemoryMiB), true
	case "gpus":
		return int64(m.free.GPUs), true
	case "disk":
		return int64(m.free.DiskKiB), m.free.DiskKiB > 0 // else it is not known
	}
	return 0, false
}

// facts returns the machine's attributes that an expression names, for people.
func facts(s *classad.Scope, e *classad.Expression, job classad.Job) string {
	names, err := e.MachineNames(job)
	if err != nil {
		return ""
	}
	var facts []string
	for _, name := range names {
		if len(facts) == mostFacts {
			facts = append(facts, "…")
			break
		}
		switch v := s.OfMachine(name).(type) {
		case classad.Undefined:
			facts = append(facts, name+" is undefined")
		case string:
			facts = append(facts, fmt.Sprintf("%s is %q", name, text.Line(v, longestFact)))
		case classad.Unknown:
		default:
			facts = append(facts, name+" is "+classad.TextOf(v))
		}
	}
	if len(facts) == 0 {
		return ""
	}
	return " (" + strings.Join(facts, ", ") + ")"
}
