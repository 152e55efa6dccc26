package htcondor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// requirement is what jobs demand of a machine beside amounts: the parts of
// their Requirements that all must be true.
type requirement struct {
	job      ad // attributes that the clauses name, and maybe others
	clauses  []*clause
	sum      uint64 // the same for those that demand the same
	amounts  bool
	personal bool // it names what each worker has for itself
	partial  bool // the job's ad is not whole
}

// clause is one part. What of it cannot be read is left out: HTCondor decides.
type clause struct {
	*expression
	names   []string // the machine's attributes in it, in lower case
	job     []string // the job's attributes in it
	numbers []int    // those of them that are different from job to job, by their place
	sum     uint64   // of the text, and of the job's attributes but numbers

	amounts  bool // it goes by what is free
	personal bool // and by what each worker has for itself
}

// usual are the parts that HTCondor itself adds and that packing by amounts
// judges better, without spaces, parentheses and scopes.
var usual = map[string]bool{
	"cpus>=requestcpus": true, "memory>=requestmemory": true, "disk>=requestdisk": true, "gpus>=requestgpus": true,
}

// amounts are the attributes whose values change with each job that starts.
var amounts = []string{"cpus", "memory", "disk", "gpus"}

// newRequirement reads one job's Requirements; nil means that it has none beside
// amounts.
func newRequirement(job ad) *requirement {
	whole, ok := job["requirements"].(*expression)
	if !ok {
		return nil
	}
	a := &repeated{ad: job}
	return newDemands(a, map[string]bool{}).read(whole.text, nil)
}

// key is 0 where nothing is demanded.
func (r *requirement) key() uint64 {
	if r == nil {
		return 0
	}
	return r.sum
}

// machineNames are the attributes that only the machine can tell.
func machineNames(in map[attribute]bool, job ad) []string {
	var names []string
	for a := range in {
		if _, own := job[a.name]; a.ad == ofMachine || a.ad == "" && !own {
			names = append(names, a.name)
		}
		if a.name == "requiregpus" {
			names = append(append(names, "gpus"), propertiesOfGPUs(job)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// propertiesOfGPUs are the machine's attributes by which RequireGPUs goes.
func propertiesOfGPUs(job ad) []string {
	var names []string
	gpu := map[attribute]bool{}
	if e, ok := job["requiregpus"].(*expression); ok {
		refs(e.root, job, gpu)
	}
	for property := range gpu {
		if _, own := job[property.name]; !own && property.ad == "" {
			names = append(names, gpuPrefix+property.name)
		}
	}
	return names
}

// Amounts implements queue.Requirement.
func (r *requirement) Amounts() bool { return r.amounts }

// Personal implements queue.Requirement.
func (r *requirement) Personal() bool { return r.personal }

// Unmet implements queue.Requirement.
func (r *requirement) Unmet(machine queue.Attributes, free queue.Shape) string {
	s := &scope{job: r.job, partial: r.partial, machine: machine, free: &free}
	for _, c := range r.clauses {
		v, err := c.value(s)
		if err != nil {
			continue // not for us to judge
		}
		if _, is := v.(unknown); is {
			continue
		}
		if met, ok := truth(v); !ok || !met {
			return c.text + c.facts(s)
		}
	}
	return ""
}

// facts tells what the machine has of what the clause names.
func (c clause) facts(s *scope) string {
	var facts []string
	for _, name := range c.names {
		switch v := s.of(name).(type) {
		case undefined:
			facts = append(facts, name+" is undefined")
		case string:
			facts = append(facts, fmt.Sprintf("%s is %q", name, v))
		case unknown:
		default:
			facts = append(facts, fmt.Sprintf("%s is %v", name, v))
		}
	}
	if len(facts) == 0 {
		return ""
	}
	return " (" + strings.Join(facts, ", ") + ")"
}
