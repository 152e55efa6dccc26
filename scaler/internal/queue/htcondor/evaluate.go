package htcondor

import (
	"errors"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// The scopes of names in an expression: the job and the machine. A name without a
// scope is an attribute of the job, or of the machine if the job has none.
const (
	ofJob     = "my"
	ofMachine = "target"
)

// scope holds the attributes that an expression is evaluated with.
type scope struct {
	job     jobScope
	machine queue.Attributes // nil: there is no machine, as for a request
	free    *queue.Shape     // of the machine; nil: there is none
	partial bool             // the job has attributes that were not fetched
	depth   int              // of nested attributes
}

// jobScope holds the attributes of a job by name in lower case. A value is bool,
// int64, float64, string, undefined, nil for undefined, or *expression. Values of
// other types are not known.
type jobScope interface {
	get(name string) (value any, there bool)
}

// unknown is the value of an attribute that was not fetched or that this package
// cannot compute. ClassAd's undefined, in contrast, is a known fact.
type unknown struct{}

// maxDepth bounds attributes that refer to each other.
const maxDepth = 20

// attribute returns the value of an attribute of the job.
func (s *scope) attribute(name string) (any, error) {
	value, there := s.job.get(name)
	switch v := value.(type) {
	case nil:
		if there {
			return undefined{}, nil
		}
		if s.partial && !fetched[name] {
			return unknown{}, nil
		}
		return undefined{}, nil
	case *expression:
		if s.depth >= maxDepth {
			return nil, errors.New("attribute " + name + " refers to itself")
		}
		inner := *s
		inner.depth++
		return v.value(&inner)
	case int64, float64, bool, string, undefined:
		return v, nil
	}
	return unknown{}, nil
}

// of returns the value of an attribute of the machine.
func (s *scope) of(name string) any {
	if n, ok := s.amount(name); ok {
		return n
	}
	if s.machine == nil && s.free == nil {
		return undefined{}
	}
	v, told := s.machine[name]
	switch {
	case !told:
		return unknown{}
	case v == nil:
		return undefined{}
	}
	return v
}

// amount returns how much of an amount is free on the machine.
func (s *scope) amount(name string) (n int64, ok bool) {
	if s.free == nil {
		return 0, false
	}
	switch name {
	case "cpus":
		return int64(s.free.Cpus), true
	case "memory":
		return int64(s.free.MemoryMiB), true
	case "gpus":
		return int64(s.free.GPUs), true
	case "disk":
		return int64(s.free.DiskKiB), s.free.DiskKiB > 0 // else it is not known
	}
	return 0, false
}

type literal struct{ is any }

func (n literal) value(*scope) (any, error) { return n.is, nil }

type attribute struct{ ad, name string }

func (n attribute) value(s *scope) (any, error) {
	if n.ad == ofMachine {
		return s.of(n.name), nil
	}
	v, err := s.attribute(n.name)
	if err != nil || n.ad == ofJob || !isVague(v) {
		return v, err
	}
	m := s.of(n.name)
	if _, told := v.(undefined); told || !isVague(m) {
		return m, nil
	}
	return v, nil
}

type prefixed struct {
	op string
	of node
}

func (n prefixed) value(s *scope) (any, error) {
	v, err := n.of.value(s)
	if err != nil {
		return nil, err
	}
	switch n.op {
	case "-":
		return negative(v)
	case "!":
		if b, ok := truth(v); ok {
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
func (n operation) value(s *scope) (any, error) {
	l, lerr := n.left.value(s)
	r, rerr := n.right.value(s)
	if err := errors.Join(lerr, rerr); err != nil {
		settles := n.op == "||"
		for _, v := range []any{l, r} {
			if b, ok := truth(v); ok && b == settles && (n.op == "||" || n.op == "&&") {
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

func (n call) value(s *scope) (any, error) {
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
func countMatches(require node, s *scope) any {
	a, ok := require.(attribute)
	if !ok || a.name != "requiregpus" {
		return unknown{}
	}
	gpu := scope{job: s.job, depth: s.depth, machine: queue.Attributes{}}
	for name, v := range s.machine {
		if property, ok := strings.CutPrefix(name, gpuPrefix); ok && v != nil {
			gpu.machine[property] = v
		}
	}
	v, err := attribute{ofJob, a.name}.value(&gpu)
	if err != nil {
		return unknown{}
	}
	matches, ok := truth(v)
	switch {
	case !ok:
		return unknown{}
	case !matches:
		return int64(0)
	}
	return s.of("gpus")
}

// gpuPrefix begins the names of attributes that hold for all GPUs of a machine.
const gpuPrefix = "gpus_"

// namesIn returns the attributes that an expression names, directly or by attributes
// of the job that are expressions. The caller must not change the result.
func (e *expression) namesIn(job jobScope) []attribute {
	all, followed := e.names, false
	for i := 0; i < len(all); i++ {
		v, _ := job.get(all[i].name)
		inner, ok := v.(*expression)
		if !ok || all[i].ad == ofMachine {
			continue
		}
		if !followed {
			all, followed = slices.Clone(all), true
		}
		for _, a := range inner.names {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}

// machineNames returns the names of the machine's attributes in an expression, in
// order.
func (e *expression) machineNames(job jobScope) []string {
	var names []string
	for _, a := range e.namesIn(job) {
		if _, own := job.get(a.name); a.ad == ofMachine || a.ad == "" && !own {
			names = append(names, a.name)
		}
		if a.name == "requiregpus" {
			names = append(append(names, "gpus"), propertiesOfGPUs(job)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// propertiesOfGPUs returns the attributes of the machine that RequireGPUs names.
func propertiesOfGPUs(job jobScope) []string {
	v, _ := job.get("requiregpus")
	e, ok := v.(*expression)
	if !ok {
		return nil
	}
	var names []string
	for _, property := range e.namesIn(job) {
		if _, own := job.get(property.name); !own && property.ad == "" {
			names = append(names, gpuPrefix+property.name)
		}
	}
	return names
}
