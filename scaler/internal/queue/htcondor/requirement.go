package htcondor

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// requirement is what jobs demand of a machine beside amounts: the parts of
// their Requirements that all must be true.
type requirement struct {
	job     ad
	clauses []clause
	amounts bool
	partial bool // the job's ad is not whole
}

// clause is one part. What of it cannot be read is left out: HTCondor decides.
type clause struct {
	*expression
	names []string // the machine's attributes in it, in lower case
}

// usual are the parts that HTCondor itself adds and that packing by amounts
// judges better, without spaces, parentheses and scopes.
var usual = map[string]bool{
	"cpus>=requestcpus": true, "memory>=requestmemory": true, "disk>=requestdisk": true, "gpus>=requestgpus": true,
}

// amounts are the attributes whose values change with each job that starts.
var amounts = []string{"cpus", "memory", "disk", "gpus"}

// newRequirement reads a job's Requirements; nil means that it has none beside
// amounts. The key is the same for jobs that demand the same.
func newRequirement(job ad) (r *requirement, key string) {
	whole, ok := job["requirements"].(*expression)
	if !ok {
		return nil, ""
	}
	_, grouped := job["jobcount"] // a group's ad has all that its expressions name
	r = &requirement{job: ad{}, partial: !grouped}
	named := map[attribute]bool{}
	for _, text := range clauses(whole.text) {
		if usual[bare(text)] {
			continue
		}
		c := clause{expression: compile(text)}
		inClause := map[attribute]bool{}
		refs(c.root, job, inClause)
		c.names = machineNames(inClause, job)
		maps.Copy(named, inClause)
		r.clauses = append(r.clauses, c)
		for _, name := range c.names {
			// GPUs are counted by countMatches(), and packed
			r.amounts = r.amounts || slices.Contains(amounts, name) && !strings.Contains(strings.ToLower(text), "countmatches")
		}
	}
	if len(r.clauses) == 0 {
		return nil, ""
	}
	return r, r.keep(job, named)
}

// keep takes from the job what the clauses name and returns the key.
func (r *requirement) keep(job ad, named map[attribute]bool) string {
	text := fnv.New64a()
	for _, c := range r.clauses {
		fmt.Fprintf(text, "%s\n", c.text)
	}
	for _, a := range slices.SortedFunc(maps.Keys(named), func(a, b attribute) int { return strings.Compare(a.name+a.ad, b.name+b.ad) }) {
		v, ok := job[a.name]
		if !ok || a.ad == ofMachine {
			continue
		}
		r.job[a.name] = v
		if e, ok := v.(*expression); ok {
			v = e.text
		}
		fmt.Fprintf(text, "%s=%v\n", a.name, v)
	}
	return fmt.Sprintf("%016x", text.Sum64())
}

// machineNames are the attributes that only the machine can tell.
func machineNames(in map[attribute]bool, job ad) []string {
	names := map[string]bool{}
	for a := range in {
		if _, own := job[a.name]; a.ad == ofMachine || a.ad == "" && !own {
			names[a.name] = true
		}
		if a.name == "requiregpus" {
			names["gpus"] = true
			gpu := map[attribute]bool{}
			if e, ok := job[a.name].(*expression); ok {
				refs(e.root, job, gpu)
			}
			for property := range gpu {
				if _, own := job[property.name]; !own && property.ad == "" {
					names[gpuPrefix+property.name] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Amounts implements queue.Requirement.
func (r *requirement) Amounts() bool { return r.amounts }

// Unmet implements queue.Requirement.
func (r *requirement) Unmet(machine queue.Attributes, free queue.Shape) string {
	s := &scope{job: r.job, partial: r.partial, machine: withAmounts(machine, free)}
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

func withAmounts(machine queue.Attributes, free queue.Shape) queue.Attributes {
	all := make(queue.Attributes, len(machine)+len(amounts))
	maps.Copy(all, machine)
	for name, n := range map[string]int{"cpus": free.Cpus, "memory": free.MemoryMiB, "gpus": free.GPUs} {
		all[name] = float64(n)
	}
	if free.DiskKiB > 0 {
		all["disk"] = float64(free.DiskKiB)
	}
	return all
}

// clauses splits text at each && that stands alone, and takes off parentheses
// around the whole. Each part is read by itself, so that one that this package
// cannot read leaves the others to be judged.
func clauses(text string) []string {
	text = strings.TrimSpace(text)
	for {
		inner, ok := unwrap(text)
		if !ok {
			break
		}
		text = strings.TrimSpace(inner)
	}
	var parts []string
	from, depth := 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			i += quoted(text[i:])
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case depth > 0:
		case strings.HasPrefix(text[i:], "||") || c == '?' && !strings.HasPrefix(text[max(0, i-1):], "=?="):
			return []string{text} // binds looser than &&
		case strings.HasPrefix(text[i:], "&&"):
			parts = append(parts, text[from:i])
			from = i + 2
			i++
		}
	}
	if len(parts) == 0 {
		return []string{text}
	}
	var all []string
	for _, part := range append(parts, text[from:]) {
		all = append(all, clauses(part)...)
	}
	return all
}

// unwrap takes off one pair of parentheses around the whole text.
func unwrap(text string) (string, bool) {
	if !strings.HasPrefix(text, "(") {
		return text, false
	}
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += quoted(text[i:])
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return text[1:i], i == len(text)-1
			}
		}
	}
	return text, false
}

func bare(text string) string {
	return strings.NewReplacer(" ", "", "(", "", ")", "", "my.", "", "target.", "").Replace(strings.ToLower(text))
}
