package classad

import "errors"

// The scopes of names in an expression: the job and the machine. A name without a
// scope is an attribute of the job, or of the machine if the job has none.
const (
	OfJob     = "my"
	OfMachine = "target"
)

// Job holds the attributes of a job.
type Job interface {
	// Get returns the value of an attribute by its name in lower case, and whether the
	// job has it. A value is bool, int64, float64, string, Undefined, nil for undefined,
	// or *Expression. Values of other types are not known. The value of an attribute
	// that the job does not have is nil, or Unknown if the job may have it all the same.
	Get(name string) (value any, there bool)
}

// Machine holds the attributes of a machine.
type Machine interface {
	// Of returns the value of an attribute by its name in lower case: bool, int64,
	// float64, string, Undefined or Unknown.
	Of(name string) any
}

// Scope holds the attributes that an expression is evaluated with.
type Scope struct {
	Job     Job
	Machine Machine // nil: there is no machine, as for a request
	depth   int     // of nested attributes
}

// maxDepth bounds attributes that refer to each other.
const maxDepth = 20

// Value evaluates an expression. The result is bool, int64, float64, string, Undefined
// or Unknown. An error is ClassAd's error value, or an expression that this package
// cannot read.
func (s *Scope) Value(e *Expression) (any, error) { return e.value(s) }

// OfJob returns the value of an attribute of the job, by its name in lower case.
func (s *Scope) OfJob(name string) (any, error) {
	value, _ := s.Job.Get(name)
	switch v := value.(type) {
	case nil:
		return Undefined{}, nil
	case *Expression:
		if s.depth >= maxDepth {
			return nil, errors.New("attribute " + name + " refers to itself")
		}
		inner := *s
		inner.depth++
		return v.value(&inner)
	case int64, float64, bool, string, Undefined:
		return v, nil
	}
	return Unknown{}, nil
}

// OfMachine returns the value of an attribute of the machine, by its name in lower
// case.
func (s *Scope) OfMachine(name string) any {
	if s.Machine == nil {
		return Undefined{}
	}
	return s.Machine.Of(name)
}

type literal struct{ is any }

func (n literal) value(*Scope) (any, error) { return n.is, nil }

// Reference is an attribute that an expression names.
type Reference struct {
	Scope string // OfJob, OfMachine or ""
	Name  string // in lower case
}

func (n Reference) value(s *Scope) (any, error) {
	if n.Scope == OfMachine {
		return s.OfMachine(n.Name), nil
	}
	v, err := s.OfJob(n.Name)
	if err != nil || n.Scope == OfJob || !isVague(v) {
		return v, err
	}
	m := s.OfMachine(n.Name)
	if _, told := v.(Undefined); told || !isVague(m) {
		return m, nil
	}
	return v, nil
}

type prefixed struct {
	op string
	of node
}

func (n prefixed) value(s *Scope) (any, error) {
	v, err := n.of.value(s)
	if err != nil {
		return nil, err
	}
	switch n.op {
	case "-":
		return negative(v)
	case "!":
		if b, ok := Truth(v); ok {
			return !b, nil
		}
		return vague(v), nil
	}
	return v, nil
}

type operation struct {
	op          string
	left, right node
}

// value computes both sides; expressions have no side effects. A side that settles
// && or || settles it also if the other side is an error.
func (n operation) value(s *Scope) (any, error) {
	l, lerr := n.left.value(s)
	r, rerr := n.right.value(s)
	if err := errors.Join(lerr, rerr); err != nil {
		settles := n.op == "||"
		for _, v := range []any{l, r} {
			if b, ok := Truth(v); ok && b == settles && (n.op == "||" || n.op == "&&") {
				return settles, nil
			}
		}
		return nil, err
	}
	return apply(n.op, l, r)
}

type call struct {
	name string
	args []node
}

func (n call) value(s *Scope) (any, error) {
	if n.name == "countmatches" && len(n.args) == 2 {
		return countMatches(n.args[0], s), nil
	}
	args := make([]any, len(n.args))
	for i, a := range n.args {
		v, err := a.value(s)
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	return callFunction(n.name, args)
}

// countMatches computes countMatches(MY.RequireGPUs, TARGET.AvailableGPUs). The
// machine's attributes such as GPUs_Capability hold for all of its GPUs, so that
// all of them match, or none, or the answer is not known.
func countMatches(require node, s *Scope) any {
	a, ok := require.(Reference)
	if !ok || a.Name != "requiregpus" {
		return Unknown{}
	}
	gpu := Scope{Job: s.Job, depth: s.depth, Machine: gpuOf{s}}
	v, err := Reference{OfJob, a.Name}.value(&gpu)
	if err != nil {
		return Unknown{}
	}
	matches, ok := Truth(v)
	switch {
	case !ok:
		return Unknown{}
	case !matches:
		return int64(0)
	}
	return s.OfMachine("gpus")
}

// gpuOf is a GPU of a machine, whose attributes hold for all of its GPUs.
type gpuOf struct{ scope *Scope }

// Of implements Machine. What the machine does not say of all of its GPUs is not known.
func (g gpuOf) Of(name string) any {
	v := g.scope.OfMachine(gpuPrefix + name)
	if _, is := v.(Undefined); is {
		return Unknown{}
	}
	return v
}
