package classad

import "slices"

// gpuPrefix begins the names of attributes that hold for all GPUs of a machine.
const gpuPrefix = "gpus_"

// references is a list of attributes, each once.
type references struct {
	list []Reference
	in   map[Reference]bool // if there are many
}

// fewReferences is the number up to which a list is looked through.
const fewReferences = 16

func (r *references) add(a Reference) {
	if r.in == nil && len(r.list) >= fewReferences {
		r.in = make(map[Reference]bool, 2*len(r.list))
		for _, known := range r.list {
			r.in[known] = true
		}
	}
	switch {
	case r.in == nil && slices.Contains(r.list, a), r.in[a]:
		return
	case r.in != nil:
		r.in[a] = true
	}
	r.list = append(r.list, a)
}

// Names returns the attributes that an expression names, directly or by attributes
// of the job that are expressions. The caller must not change the result. The error is
// a *LimitError: there are more than MaxNames.
func (e *Expression) Names(job Job) ([]Reference, error) {
	all, followed := references{list: e.names}, false
	for i := 0; i < len(all.list); i++ {
		v, _ := job.Get(all.list[i].Name)
		inner, ok := v.(*Expression)
		if !ok || all.list[i].Scope == OfMachine {
			continue
		}
		if !followed {
			all.list, followed = slices.Clone(all.list), true
		}
		for _, a := range inner.names {
			all.add(a)
		}
		if len(all.list) > MaxNames {
			return nil, tooManyNames()
		}
	}
	return all.list, nil
}

func tooManyNames() *LimitError { return exceeds("it names more than %d attributes", MaxNames) }

// MachineNames returns the names of the machine's attributes in an expression, in
// order. The error is that of Names.
func (e *Expression) MachineNames(job Job) ([]string, error) {
	all, err := e.Names(job)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, a := range all {
		if _, own := job.Get(a.Name); a.Scope == OfMachine || a.Scope == "" && !own {
			names = append(names, a.Name)
		}
		if a.Name == "requiregpus" {
			properties, err := propertiesOfGPUs(job)
			if err != nil {
				return nil, err
			}
			names = append(append(names, "gpus"), properties...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// propertiesOfGPUs returns the attributes of the machine that RequireGPUs names.
func propertiesOfGPUs(job Job) ([]string, error) {
	v, _ := job.Get("requiregpus")
	e, ok := v.(*Expression)
	if !ok {
		return nil, nil
	}
	all, err := e.Names(job)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, property := range all {
		if _, own := job.Get(property.Name); !own && property.Scope == "" {
			names = append(names, gpuPrefix+property.Name)
		}
	}
	return names, nil
}
