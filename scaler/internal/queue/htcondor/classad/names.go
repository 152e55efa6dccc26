package classad

import "slices"

// gpuPrefix begins the names of attributes that hold for all GPUs of a machine.
const gpuPrefix = "gpus_"

// Names returns the attributes that an expression names, directly or by attributes
// of the job that are expressions. The caller must not change the result.
func (e *Expression) Names(job Job) []Reference {
	all, followed := e.names, false
	for i := 0; i < len(all); i++ {
		v, _ := job.Get(all[i].Name)
		inner, ok := v.(*Expression)
		if !ok || all[i].Scope == OfMachine {
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

// MachineNames returns the names of the machine's attributes in an expression, in
// order.
func (e *Expression) MachineNames(job Job) []string {
	var names []string
	for _, a := range e.Names(job) {
		if _, own := job.Get(a.Name); a.Scope == OfMachine || a.Scope == "" && !own {
			names = append(names, a.Name)
		}
		if a.Name == "requiregpus" {
			names = append(append(names, "gpus"), propertiesOfGPUs(job)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// propertiesOfGPUs returns the attributes of the machine that RequireGPUs names.
func propertiesOfGPUs(job Job) []string {
	v, _ := job.Get("requiregpus")
	e, ok := v.(*Expression)
	if !ok {
		return nil
	}
	var names []string
	for _, property := range e.Names(job) {
		if _, own := job.Get(property.Name); !own && property.Scope == "" {
			names = append(names, gpuPrefix+property.Name)
		}
	}
	return names
}
