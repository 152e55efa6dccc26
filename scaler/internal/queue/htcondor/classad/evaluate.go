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

// Scope evaluates expressions for one job and one machine, within a budget. It
// evaluates each attribute of the job once.
type Scope struct {
	job     Job
	machine Machine // nil: there is none
	meter   *meter
	memo    memo
	gpu     *Scope // see countMatches
	own     meter
}

// NewScope returns a Scope. Without a machine, as for a request, machine is nil.
func NewScope(job Job, machine Machine, budget Budget) *Scope {
	s := &Scope{job: job, machine: machine, own: meter{budget: budget}}
	s.meter = &s.own
	return s
}

// Reset makes the scope as new, for other values of the job's attributes.
func (s *Scope) Reset() {
	s.memo, s.gpu, s.own = memo{}, nil, meter{budget: s.own.budget}
}

// Steps returns how many steps the evaluations have taken.
func (s *Scope) Steps() int { return min(s.meter.steps, s.meter.budget.Steps) }

// Value evaluates an expression. The result is bool, int64, float64, string, Undefined
// or Unknown. A *LimitError says that the expression or its evaluation exceeds a bound;
// so do all evaluations of the scope after it. Another error is ClassAd's error value,
// or an expression that this package cannot read.
func (s *Scope) Value(e *Expression) (any, error) {
	switch {
	case e.limit != nil:
		return nil, s.meter.exceed(e.limit)
	case e.err != nil:
		return nil, e.err
	}
	return s.eval(e.root)
}

// eval evaluates a node. After a *LimitError the meter has it, too.
func (s *Scope) eval(n node) (any, error) {
	m := s.meter
	if err := m.take(1); err != nil {
		return nil, err
	}
	if m.level++; m.level > maxLevel {
		return nil, m.exceed(exceeds("its parts are nested more than %d deep", maxLevel))
	}
	v, err := n.value(s)
	m.level--
	return v, err
}

// OfJob returns the value of an attribute of the job, by its name in lower case.
func (s *Scope) OfJob(name string) (any, error) {
	i, known := s.memo.find(name)
	if known {
		return s.memo.get(i)
	}
	i = s.memo.add(name)
	v, err := s.ofJob(name)
	s.memo.set(i, v, err)
	return v, err
}

func (s *Scope) ofJob(name string) (any, error) {
	value, _ := s.job.Get(name)
	switch v := value.(type) {
	case nil:
		return Undefined{}, nil
	case *Expression:
		if s.meter.depth++; s.meter.depth > maxDepth {
			return nil, s.meter.exceed(exceeds("more than %d attributes refer to each other", maxDepth))
		}
		result, err := s.Value(v)
		s.meter.depth--
		return result, err
	case int64, float64, bool, string, Undefined:
		return v, nil
	}
	return Unknown{}, nil
}

// OfMachine returns the value of an attribute of the machine, by its name in lower
// case.
func (s *Scope) OfMachine(name string) any {
	if s.machine == nil {
		return Undefined{}
	}
	return s.machine.Of(name)
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
	v, err := s.eval(n.of)
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

// conditional is c ? yes : no, and ifThenElse(c, yes, no). Only the part that is the
// result is evaluated.
type conditional struct{ cond, yes, no node }

func (n conditional) value(s *Scope) (any, error) {
	cond, err := s.eval(n.cond)
	if err != nil {
		return nil, err
	}
	is, ok := Truth(cond)
	switch {
	case !ok:
		return vague(cond), nil
	case is:
		return s.eval(n.yes)
	}
	return s.eval(n.no)
}

type operation struct {
	op          string
	left, right node
}

func (n operation) value(s *Scope) (any, error) {
	if n.op == "&&" || n.op == "||" {
		return n.logic(s)
	}
	l, err := s.eval(n.left)
	if err != nil {
		return nil, err
	}
	r, err := s.eval(n.right)
	if err != nil {
		return nil, err
	}
	return s.apply(n.op, l, r)
}

// logic computes && and ||. A left side that settles the result leaves the right side
// without evaluation; a right side that does settles it even if the left is an error.
func (n operation) logic(s *Scope) (any, error) {
	settles := n.op == "||"
	l, lerr := s.eval(n.left)
	if b, ok := Truth(l); ok && lerr == nil && b == settles {
		return settles, nil
	}
	if s.meter.exceeded != nil {
		return nil, lerr
	}
	r, rerr := s.eval(n.right)
	if b, ok := Truth(r); ok && rerr == nil && b == settles {
		return settles, nil
	}
	if err := errors.Join(lerr, rerr); err != nil {
		if s.meter.exceeded != nil {
			return nil, s.meter.exceeded
		}
		return nil, err
	}
	return logic(n.op, l, r), nil
}

type call struct {
	name string // in lower case
	args []node
}

func (n call) value(s *Scope) (any, error) {
	if n.name == "countmatches" && len(n.args) == 2 {
		return s.countMatches(n.args[0])
	}
	args := make([]any, len(n.args))
	for i, a := range n.args {
		v, err := s.eval(a)
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	return s.call(n.name, args)
}

// countMatches computes countMatches(MY.RequireGPUs, TARGET.AvailableGPUs). The
// machine's attributes such as GPUs_Capability hold for all of its GPUs, so that
// all of them match, or none, or the answer is not known.
func (s *Scope) countMatches(require node) (any, error) {
	a, ok := require.(Reference)
	if !ok || a.Name != "requiregpus" {
		return Unknown{}, nil
	}
	if s.gpu == nil {
		if s.meter.depth >= maxDepth {
			return nil, s.meter.exceed(exceeds("more than %d attributes refer to each other", maxDepth))
		}
		s.gpu = &Scope{job: s.job, machine: gpuOf{s}, meter: s.meter}
	}
	v, err := s.gpu.OfJob(a.Name)
	if err != nil {
		if s.meter.exceeded != nil {
			return nil, s.meter.exceeded
		}
		return Unknown{}, nil // HTCondor decides
	}
	matches, ok := Truth(v)
	switch {
	case !ok:
		return Unknown{}, nil
	case !matches:
		return int64(0), nil
	}
	return s.OfMachine("gpus"), nil
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
