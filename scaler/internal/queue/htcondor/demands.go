package htcondor

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// demands reads the Requirements of job ads that are alike. Each part of one is
// read once: those of thousands of submissions are the same but for one or two.
type demands struct {
	job     ad
	numbers []string // names of the job's attributes that are different from ad to ad
	partial bool
	named   map[string]bool         // collects what the parts name of the machine
	parts   map[string][]*clause    // by their text
	whole   map[string]*requirement // by the text as it is printed; nil: nothing beside amounts
	scratch []byte
	list    []*clause
	names   map[attribute]bool
}

// Bounds of what is remembered: where each job has a text or a part of its own,
// nothing is gained by it.
const (
	mostWhole = 2000
	mostParts = 5000
)

// personal are the attributes that each worker has for itself.
var personal = Traits().Attributes.Personal

func newDemands(a *repeated, named map[string]bool) *demands {
	_, grouped := a.ad["jobcount"] // a group's ad has all that its expressions name
	return &demands{
		job: a.ad, numbers: a.numbers, partial: !grouped, named: named, parts: map[string][]*clause{}, whole: map[string]*requirement{},
		names: map[attribute]bool{},
	}
}

// of returns what a job demands; nil is nothing beside amounts.
func (d *demands) of(o *own) *requirement {
	if o.requirements == nil {
		return nil
	}
	r, known := d.whole[string(o.requirements)]
	if known {
		return r
	}
	d.scratch = unescaped(d.scratch[:0], o.requirements)
	printed, isExpression := strings.CutPrefix(string(d.scratch), "/Expr(")
	if isExpression {
		r = d.read(strings.TrimSuffix(printed, ")/"), o.numbers)
	}
	if len(d.whole) < mostWhole && (r == nil || !r.numbers()) {
		d.whole[string(o.requirements)] = r
	}
	return r
}

// numbers tells that a requirement depends on the job's own numbers.
func (r *requirement) numbers() bool {
	return slices.ContainsFunc(r.clauses, func(c *clause) bool { return len(c.numbers) > 0 })
}

// read reads Requirements. The numbers are the job's.
func (d *demands) read(text string, numbers []float64) *requirement {
	d.list = d.list[:0]
	for part := range parts(text) {
		clauses, known := d.parts[part]
		if !known {
			part = strings.Clone(part)
			clauses = d.clauses(part)
			if len(d.parts) < mostParts {
				d.parts[part] = clauses
			}
		}
		d.list = append(d.list, clauses...)
	}
	if len(d.list) == 0 {
		return nil
	}
	r := &requirement{job: d.job, partial: d.partial, sum: fnvOffset, clauses: slices.Clone(d.list)}
	for _, c := range r.clauses {
		r.sum = mix(r.sum, c.sum)
		r.personal, r.amounts = r.personal || c.personal, r.amounts || c.amounts
	}
	d.bind(r, numbers)
	return r
}

// bind gives a requirement that goes by numbers of the job's the job's own ones.
func (d *demands) bind(r *requirement, numbers []float64) {
	if !r.numbers() {
		return
	}
	job := ad{}
	for _, c := range r.clauses {
		for _, name := range c.job {
			job[name] = d.job[name]
		}
		for _, i := range c.numbers {
			job[d.numbers[i]] = numbers[i]
			r.sum = mix(r.sum, math.Float64bits(numbers[i]))
		}
	}
	r.job = job
}

// clauses reads one part of Requirements, which may be several in parentheses.
func (d *demands) clauses(part string) []*clause {
	var out []*clause
	for _, text := range clauses(part) {
		if strings.Contains(text, "equest") && usual[bare(text)] {
			continue
		}
		c := &clause{expression: compile(text)}
		clear(d.names)
		refs(c.root, d.job, d.names)
		c.names = machineNames(d.names, d.job)
		for _, name := range c.names {
			d.named[name] = true
			c.personal = c.personal || slices.Contains(personal, name)
			// GPUs are counted by countMatches(), and packed
			c.amounts = c.amounts || slices.Contains(amounts, name) && !strings.Contains(strings.ToLower(text), "countmatches")
		}
		d.sign(c)
		out = append(out, c)
	}
	return out
}

// sign notes what of the job a clause goes by.
func (d *demands) sign(c *clause) {
	c.sum = sumText(fnvOffset, c.text)
	for a := range d.names {
		if _, ok := d.job[a.name]; ok && a.ad != ofMachine {
			c.job = append(c.job, a.name)
		}
	}
	slices.Sort(c.job)
	c.job = slices.Compact(c.job)
	for _, name := range c.job {
		c.sum = sumText(mix(c.sum, '='), name)
		if i := slices.Index(d.numbers, name); i >= 0 {
			c.numbers = append(c.numbers, i)
		} else {
			c.sum = sumValue(c.sum, d.job[name])
		}
	}
}

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// mix goes on with a sum, by eight bytes at a time.
func mix(sum, with uint64) uint64 { return (sum ^ with) * fnvPrime }

func sumText(sum uint64, text string) uint64 {
	for i := range len(text) {
		sum = mix(sum, uint64(text[i]))
	}
	return mix(sum, uint64(len(text)))
}

// sumValue adds an attribute's value to a sum.
func sumValue(sum uint64, v any) uint64 {
	switch v := v.(type) {
	case *expression:
		return sumText(mix(sum, 'e'), v.text)
	case string:
		return sumText(mix(sum, 's'), v)
	default:
		return sumText(mix(sum, 'v'), fmt.Sprint(v))
	}
}

// quantities are a job's four requests.
type quantities struct {
	each [4]quantity
	used []int // numbers by which those go that are expressions
}

// quantity is a number of the ad, or whatever else stands there.
type quantity struct {
	name   string // in lower case
	people string // as people write it
	number int    // its place among the ad's numbers; -1: it is none
}

func newQuantities(a *repeated) quantities {
	var q quantities
	named := map[attribute]bool{}
	for i, people := range []string{"RequestCpus", "RequestMemory", "RequestDisk", "RequestGPUs"} {
		name := strings.ToLower(people)
		q.each[i] = quantity{name, people, slices.Index(a.numbers, name)}
		if e, ok := a.ad[name].(*expression); ok {
			refs(e.root, a.ad, named)
		}
	}
	for i, name := range a.numbers {
		if named[attribute{"", name}] || named[attribute{ofJob, name}] {
			q.used = append(q.used, i)
		}
	}
	return q
}

// of evaluates what a job asks for. Memory is in MiB, disk in KiB; a job that does
// not say how many CPUs gets one.
func (q quantities) of(a *repeated, o *own) (queue.Shape, error) {
	for _, i := range q.used {
		if a.ad[a.numbers[i]] != o.numbers[i] {
			a.ad[a.numbers[i]] = o.numbers[i]
		}
	}
	var n [4]int
	for i, each := range q.each {
		var err error
		told := true
		if each.number >= 0 {
			n[i], err = whole(each.people, o.numbers[each.number])
		} else {
			n[i], told, err = a.ad.numberOf(each.name, each.people)
		}
		if err != nil {
			return queue.Shape{}, err
		}
		if i == 0 && !told {
			n[i] = 1
		}
	}
	return queue.Shape{Cpus: max(n[0], 1), MemoryMiB: max(n[1], 0), DiskKiB: max(n[2], 0), GPUs: max(n[3], 0)}, nil
}
