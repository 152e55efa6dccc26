package htcondor

import (
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor/classad"
)

// requirementReader reads the Requirements of the job ads of one template. It reads
// each clause once: the Requirements of thousands of submissions differ in one or two
// clauses.
type requirementReader struct {
	job     ad
	numbers []string // names of the attributes that are numbers, as in the template
	partial bool
	named   map[string]bool // the machine attributes that the clauses name are added here
	shared  map[digest]*queue.Requirement
	parts   map[string][]*clause // by their text
	whole   map[string]demanded  // by the text as it is printed
	scratch []byte
	sum     summer
	list    []*clause

	// The latest clauses with attributes of the job, and these attributes.
	bound   []*clause
	boundTo map[string]string
}

// demanded is what jobs demand of a machine beside amounts; the zero value is nothing.
// Equal demands have the same digest in every process.
type demanded struct {
	requirement *queue.Requirement
	digest      digest
}

// clause is one clause of Requirements for the ads of one template.
type clause struct {
	text     string
	job      []string // the attributes of the job in it, in order
	numbers  []int    // places of those that are numbers of the template
	digest   digest   // of the text and the attributes of the job, without numbers
	amounts  bool     // see queue.Requirement
	personal bool
}

// Bounds of what is remembered. It is of no use if each job has a text or a clause of
// its own.
const (
	mostWhole = 2000
	mostParts = 5000
)

// usual are the clauses that HTCondor itself adds, in the form of classad.Normalized. Packing
// by amounts judges them better.
var usual = map[string]bool{
	"cpus>=requestcpus": true, "memory>=requestmemory": true, "disk>=requestdisk": true, "gpus>=requestgpus": true,
}

// amounts are the attributes that change with each job that starts.
var amounts = []string{"cpus", "memory", "disk", "gpus"}

// personal are the attributes that differ from worker to worker.
var personal = Traits().Attributes.Personal

func newRequirementReader(t *adTemplate, named map[string]bool, shared map[digest]*queue.Requirement) *requirementReader {
	_, grouped := t.ad["jobcount"] // a group's ad has all that its expressions name
	return &requirementReader{
		job: t.ad, numbers: t.numbers, partial: !grouped, named: named, shared: shared,
		parts: map[string][]*clause{}, whole: map[string]demanded{},
	}
}

// of returns what a job demands.
func (r *requirementReader) of(d *delta) demanded {
	if d.requirements == nil {
		return demanded{}
	}
	out, known := r.whole[string(d.requirements)]
	if known {
		return out
	}
	r.scratch = unescaped(r.scratch[:0], d.requirements)
	text, isExpression := strings.CutPrefix(valid(string(r.scratch)), "/Expr(")
	numbers := false
	if isExpression {
		out, numbers = r.read(strings.TrimSuffix(text, ")/"), d.numbers)
	}
	if len(r.whole) < mostWhole && !numbers {
		r.whole[string(d.requirements)] = out
	}
	return out
}

// read returns what the Requirements of a job with these numbers demand, and whether
// that depends on the numbers.
func (r *requirementReader) read(text string, numbers []classad.Number) (demanded, bool) {
	r.list = r.list[:0]
	for part := range classad.Parts(text) {
		clauses, known := r.parts[part]
		if !known {
			part = strings.Clone(part)
			clauses = r.clauses(part)
			if len(r.parts) < mostParts {
				r.parts[part] = clauses
			}
		}
		r.list = append(r.list, clauses...)
	}
	if len(r.list) == 0 {
		return demanded{}, false
	}
	sum, ofNumbers := &r.sum, false
	sum.reset()
	for _, c := range r.list {
		sum.digest(c.digest)
		for _, i := range c.numbers {
			sum.text(classad.TextOf(numbers[i].Value()))
			ofNumbers = true
		}
	}
	key := sum.sum()
	if r.shared[key] == nil {
		r.shared[key] = r.requirement(numbers)
	}
	return demanded{r.shared[key], key}, ofNumbers
}

// requirement returns the data of the clauses in the list.
func (r *requirementReader) requirement(numbers []classad.Number) *queue.Requirement {
	out := &queue.Requirement{Partial: r.partial, Clauses: make([]string, len(r.list)), Job: r.attributes(numbers)}
	for i, c := range r.list {
		out.Clauses[i] = c.text
		out.Amounts, out.Personal = out.Amounts || c.amounts, out.Personal || c.personal
	}
	return out
}

// attributes returns the attributes of the job in the clauses of the list. Most
// requirements of a template share the same map.
func (r *requirementReader) attributes(numbers []classad.Number) map[string]string {
	var bound []*clause
	for _, c := range r.list {
		if len(c.job) > 0 {
			bound = append(bound, c)
		}
	}
	if len(bound) == 0 {
		return nil
	}
	ofNumbers := slices.ContainsFunc(bound, func(c *clause) bool { return len(c.numbers) > 0 })
	if !ofNumbers && slices.Equal(bound, r.bound) {
		return r.boundTo
	}
	out := map[string]string{}
	for _, c := range bound {
		for _, name := range c.job {
			out[name] = classad.TextOf(r.job[name])
		}
		for _, i := range c.numbers {
			out[r.numbers[i]] = classad.TextOf(numbers[i].Value())
		}
	}
	if !ofNumbers {
		r.bound, r.boundTo = bound, out
	}
	return out
}

// clauses reads one part of Requirements, which may be several in parentheses.
func (r *requirementReader) clauses(part string) []*clause {
	var out []*clause
	for _, text := range classad.Clauses(part) {
		if strings.Contains(text, "equest") && usual[classad.Normalized(text)] {
			continue
		}
		e := compiled.Compile(text)
		c := &clause{text: e.Text()}
		for _, name := range e.MachineNames(r.job) {
			r.named[name] = true
			c.personal = c.personal || slices.Contains(personal, name)
			// countMatches() counts GPUs, which are packed.
			c.amounts = c.amounts || slices.Contains(amounts, name) && !strings.Contains(strings.ToLower(text), "countmatches")
		}
		r.bind(c, e)
		out = append(out, c)
	}
	return out
}

// bind finds the attributes of the job on which a clause depends.
func (r *requirementReader) bind(c *clause, e *classad.Expression) {
	for _, a := range e.Names(r.job) {
		if _, ok := r.job[a.Name]; ok && a.Scope != classad.OfMachine && !slices.Contains(c.job, a.Name) {
			c.job = append(c.job, a.Name)
		}
	}
	slices.Sort(c.job)
	sum := &r.sum
	sum.reset()
	sum.text(c.text)
	for _, name := range c.job {
		sum.text(name)
		if i := slices.Index(r.numbers, name); i >= 0 {
			c.numbers = append(c.numbers, i)
		} else {
			sum.text(classad.TextOf(r.job[name]))
		}
	}
	c.digest = sum.sum()
}
