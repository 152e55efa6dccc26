package htcondor

import (
	"cmp"
	"errors"
	"fmt"
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
	numbers []string       // names of the attributes that are numbers, as in the template
	place   map[string]int // of a name in numbers
	partial bool
	all     *demands
	parts   map[string][]*clause // by their text
	whole   map[string]demanded  // by the text as it is printed
	scratch []byte
	sum     summer
	list    []*clause

	// The latest clauses with attributes of the job, and these attributes.
	bound   []*clause
	boundTo map[string]string
}

// demands is what the jobs of a queue demand of machines.
type demands struct {
	of    map[digest]*queue.Requirement
	named map[string]int // machine attributes in it → clauses that name them, about
	texts int            // bytes of the requirements that are longer than alwaysKept
}

func newDemands() *demands {
	return &demands{of: map[digest]*queue.Requirement{}, named: map[string]int{}}
}

// demanded is what jobs demand of a machine beside amounts; the zero value is nothing.
// Equal demands have the same digest in every process.
type demanded struct {
	requirement *queue.Requirement
	digest      digest
}

// clause is one clause of Requirements for the ads of one template.
type clause struct {
	text      string
	job       []string // the attributes of the job in it, in order
	numbers   []int    // places of those that are numbers of the template
	digest    digest   // of the text and the attributes of the job, without numbers
	size      int      // bytes of the text and the attributes of the job
	amounts   bool     // see queue.Requirement
	personal  bool
	notJudged string // the clause exceeds a bound
}

// Bounds of what is remembered. It is of no use if each job has a text or a clause of
// its own.
const (
	mostWhole      = 2000
	mostParts      = 5000
	longestWhole   = 4 << 10 // bytes of a text
	mostNamedNames = 20_000
)

// Bounds of what a queue's requirements take in a snapshot, which is kept in memory
// and may be recorded, in bytes. A requirement has some 500.
const (
	longestRequirement = 32 << 10
	alwaysKept         = 1 << 10
	mostTexts          = 4 << 20 // of all requirements that are longer than alwaysKept
	mostNotJudged      = 5       // parts of a requirement that are named
)

var tooManyTexts = fmt.Sprintf("the long requirements of all jobs exceed %d MiB", mostTexts>>20)

// usual are the clauses that HTCondor itself adds, in the form of classad.Normalized.
// Packing by amounts judges them better.
var usual = map[string]bool{
	"cpus>=requestcpus": true, "memory>=requestmemory": true, "disk>=requestdisk": true, "gpus>=requestgpus": true,
}

// amounts are the attributes that change with each job that starts.
var amounts = []string{"cpus", "memory", "disk", "gpus"}

// personal are the attributes that differ from worker to worker.
var personal = Traits().Attributes.Personal

func newRequirementReader(t *adTemplate, all *demands) *requirementReader {
	_, grouped := t.ad["jobcount"] // a group's ad has all that its expressions name
	place := make(map[string]int, len(t.numbers))
	for i, name := range t.numbers {
		place[name] = i
	}
	return &requirementReader{
		job: t.ad, numbers: t.numbers, place: place, partial: !grouped, all: all,
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
	if len(r.whole) < mostWhole && len(d.requirements) <= longestWhole && !numbers {
		r.whole[string(d.requirements)] = out
	}
	return out
}

// read returns what the Requirements of a job with these numbers demand, and whether
// that depends on the numbers.
func (r *requirementReader) read(text string, numbers []classad.Number) (demanded, bool) {
	r.list = r.list[:0]
	switch {
	case len(text) > classad.MaxText:
		r.list = append(r.list, r.unread(text, fmt.Sprintf("they are longer than %d bytes", classad.MaxText)))
	case len(text) > alwaysKept && r.all.texts > mostTexts: // not even read: that is work, too
		r.list = append(r.list, r.unread(text, tooManyTexts))
	default:
		for part := range classad.Parts(text) {
			r.list = append(r.list, r.clauses(part)...)
		}
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
	if r.all.of[key] == nil {
		r.all.of[key] = r.requirement(numbers)
	}
	return demanded{r.all.of[key], key}, ofNumbers
}

// unread returns the clause that stands for a text of which nothing is read.
func (r *requirementReader) unread(text, why string) *clause {
	sum := &r.sum
	sum.reset()
	sum.text(text)
	return &clause{digest: sum.sum(), notJudged: excerpt(text) + ": " + why}
}

// requirement returns the data of the clauses in the list. It leaves out what exceeds
// a bound, and says so.
func (r *requirementReader) requirement(numbers []classad.Number) *queue.Requirement {
	out := &queue.Requirement{Partial: r.partial, Clauses: make([]string, 0, len(r.list))}
	kept, size := r.list[:0], 0
	for _, c := range r.list {
		why := c.notJudged
		switch {
		case why != "":
		case size+c.size > longestRequirement:
			why = fmt.Sprintf("%s: with it the requirements exceed %d bytes", excerpt(c.text), longestRequirement)
		case size+c.size > alwaysKept && r.all.texts+size+c.size > mostTexts:
			why = excerpt(c.text) + ": " + tooManyTexts
		}
		if why != "" {
			if len(out.NotJudged) < mostNotJudged {
				out.NotJudged = append(out.NotJudged, why)
			}
			continue
		}
		size += c.size
		kept = append(kept, c)
		out.Clauses = append(out.Clauses, c.text)
		out.Amounts, out.Personal = out.Amounts || c.amounts, out.Personal || c.personal
	}
	if size > alwaysKept {
		r.all.texts += size
	}
	out.Job = r.attributes(kept, numbers)
	return out
}

// attributes returns the attributes of the job in clauses. Most requirements of a
// template share the same map.
func (r *requirementReader) attributes(clauses []*clause, numbers []classad.Number) map[string]string {
	var bound []*clause
	for _, c := range clauses {
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
	out, known := r.parts[part]
	if known {
		return out
	}
	part = strings.Clone(part)
	for _, text := range classad.Clauses(part) {
		if strings.Contains(text, "equest") && len(text) < 100 && usual[classad.Normalized(text)] {
			continue
		}
		out = append(out, r.clause(text))
	}
	if len(r.parts) < mostParts && len(part) <= longestWhole {
		r.parts[part] = out
	}
	return out
}

func (r *requirementReader) clause(text string) *clause {
	e := compiled.Compile(text)
	c := &clause{text: text, size: len(text)}
	names, err := e.MachineNames(r.job)
	var limit *classad.LimitError
	if errors.As(cmp.Or(e.Err(), err), &limit) {
		c.notJudged = notJudged(text, limit)
	}
	for _, name := range names {
		if _, known := r.all.named[name]; known || len(r.all.named) < mostNamedNames {
			r.all.named[name]++
		}
		c.personal = c.personal || slices.Contains(personal, name)
		// countMatches() counts GPUs, which are packed.
		c.amounts = c.amounts || slices.Contains(amounts, name) && !strings.Contains(strings.ToLower(text), "countmatches")
	}
	r.bind(c, e)
	return c
}

// bind finds the attributes of the job on which a clause depends.
func (r *requirementReader) bind(c *clause, e *classad.Expression) {
	all, _ := e.Names(r.job) // the error is in c.notJudged
	for _, a := range all {
		if _, ok := r.job[a.Name]; ok && a.Scope != classad.OfMachine {
			c.job = append(c.job, a.Name)
		}
	}
	slices.Sort(c.job)
	c.job = slices.Compact(c.job)
	sum := &r.sum
	sum.reset()
	sum.text(c.text)
	for _, name := range c.job {
		sum.text(name)
		if i, is := r.place[name]; is {
			c.numbers = append(c.numbers, i)
			continue
		}
		text := classad.TextOf(r.job[name])
		sum.text(text)
		c.size += len(name) + len(text)
	}
	c.digest = sum.sum()
}
