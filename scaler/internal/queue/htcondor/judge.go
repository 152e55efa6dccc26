package htcondor

import (
	"fmt"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor/classad"
)

// compiled remembers the expressions of a queue: the reader and the judge both need
// each.
var compiled = new(classad.Cache)

// Judge implements queue.Judge for requirements that a Reader of this package has
// read.
func Judge(r *queue.Requirement, attributes queue.Attributes, free queue.Shape) string {
	s := &classad.Scope{Job: jobTexts{r.Job, r.Partial}, Machine: machine{attributes, free}}
	for _, text := range r.Clauses {
		clause := compiled.Compile(text)
		v, err := s.Value(clause)
		if err != nil {
			continue // HTCondor decides
		}
		if _, is := v.(classad.Unknown); is {
			continue
		}
		if met, ok := classad.Truth(v); !ok || !met {
			return text + facts(s, clause)
		}
	}
	return ""
}

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
func facts(s *classad.Scope, e *classad.Expression) string {
	var facts []string
	for _, name := range e.MachineNames(s.Job) {
		switch v := s.OfMachine(name).(type) {
		case classad.Undefined:
			facts = append(facts, name+" is undefined")
		case string:
			facts = append(facts, fmt.Sprintf("%s is %q", name, v))
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
