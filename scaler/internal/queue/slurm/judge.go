package slurm

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/slurm/constraint"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/slurm/hostlist"
)

// Judge implements queue.Judge for the clauses of this package. A part that is a demand
// of a job's workers together counts as met by each of them, and so does a part that
// depends on what is not known of the worker.
func Judge(r *queue.Requirement, worker queue.Attributes, _ queue.Shape, steps int) (j queue.Judgement) {
	if len(r.NotJudged) > 0 {
		j.NotJudged = r.NotJudged[0]
	}
	s := subjectOf(worker, r)
	for _, clause := range r.Clauses {
		v := answer{notJudged: "it takes more than " + strconv.Itoa(steps) + " steps to judge them"}
		if work := s.work(clause); work <= steps-j.Steps {
			j.Steps += work
			v = s.judge(clause)
		}
		if j.NotJudged == "" && v.notJudged != "" {
			j.NotJudged = text.Line(clause, longestExcerpt) + ": " + v.notJudged
		}
		if v.unmet != "" {
			j.Unmet = v.unmet
			return j
		}
	}
	return j
}

// bytesAStep is the amount of text that counts as one step.
const bytesAStep = 16

// Bounds of a judgement's texts, in characters.
const (
	longestExcerpt = 100 // of what the jobs demand
	longestFact    = 100 // of what is known of the worker
)

// answer is what is found about one clause, see queue.Judgement.
type answer struct{ unmet, notJudged string }

// unmet returns the answer that a worker does not meet an option of the jobs, and why.
// The reason speaks of workers: all that are alike do not meet it.
func unmet(option, value, why string) answer {
	return answer{unmet: option + "=" + text.Line(value, longestExcerpt) + " (" + why + ")"}
}

// subject is a worker that a requirement is held against.
type subject struct {
	node, group          string // "": not known
	features, partitions words
	jobWorkers           int // on how many workers each of the jobs runs; 0: not known
}

// words are the words of an attribute.
type words struct {
	all  []string
	told bool // they are known
	size int  // bytes
}

func subjectOf(worker queue.Attributes, r *queue.Requirement) subject {
	s := subject{features: wordsOf(worker, featuresAttribute), partitions: wordsOf(worker, partitionsAttribute)}
	s.node, _ = worker[nodeAttribute].(string)
	s.group, _ = worker[groupAttribute].(string)
	for _, clause := range r.Clauses {
		if number, is := strings.CutPrefix(clause, clauseWorkers+": "); is {
			s.jobWorkers, _ = strconv.Atoi(number)
		}
	}
	return s
}

// wordsOf returns the words of an attribute that has commas between them.
func wordsOf(worker queue.Attributes, attribute string) words {
	v, told := worker[attribute]
	list, _ := v.(string)
	if list == "" {
		return words{told: told}
	}
	return words{all: strings.Split(list, ","), told: told, size: len(list)}
}

// line returns the words for people.
func (w words) line() string { return text.Line(strings.Join(w.all, ", "), longestFact) }

// work returns how many steps it takes to judge a clause.
func (s *subject) work(clause string) int {
	return 1 + (len(clause)+s.features.size+s.partitions.size)/bytesAStep
}

func (s *subject) judge(clause string) answer {
	kind, value, _ := strings.Cut(clause, ": ")
	switch kind {
	case clauseFeatures:
		return s.constraint(value)
	case clauseNodes:
		return s.nodelist(value)
	case clauseNotNodes:
		return s.exclude(value)
	case clausePartitions:
		return s.partition(value)
	case clauseWorkers:
		return answer{}
	}
	return answer{notJudged: "it is of an unknown kind"}
}

// constraint judges the jobs' --constraint. A worker of which the features are not known
// has the feature of its group and no other: so a cluster sets up its workers.
func (s *subject) constraint(expression string) answer {
	have := s.features
	switch {
	case have.told:
	case s.group != "":
		have.all = []string{s.group}
	default:
		return answer{}
	}
	e, err := constraint.Parse(expression)
	if err != nil {
		return answer{notJudged: err.Error()}
	}
	switch {
	case !e.Meets(have.all, s.jobWorkers):
		return unmet("--constraint", expression, lacks(e, have))
	case e.Counted() && s.jobWorkers != 1:
		return answer{notJudged: "how many of a job's workers have which feature"}
	}
	return answer{}
}

// lacks returns for people why features do not meet an expression.
func lacks(e constraint.Expression, have words) string {
	missing := words{all: e.Missing(have.all)}
	switch {
	case len(missing.all) == 1:
		return "they lack the feature " + missing.line()
	case len(missing.all) > 1:
		return "they lack the features " + missing.line()
	case len(have.all) == 0:
		return "they have no feature"
	}
	return "they have only " + have.line()
}

// nodelist judges the jobs' --nodelist. A job that runs on more workers than these runs on
// others as well.
func (s *subject) nodelist(list string) answer {
	if s.node == "" {
		return answer{}
	}
	in, err := hostlist.Contains(list, s.node)
	switch {
	case err != nil:
		return answer{notJudged: err.Error()}
	case in:
		return answer{}
	}
	if named, _ := hostlist.Count(list, s.jobWorkers); named < s.jobWorkers { // the list can be read
		return answer{notJudged: "that these nodes are among a job's workers"}
	}
	return unmet("--nodelist", list, "the jobs ask for these nodes only")
}

// exclude judges the jobs' --exclude.
func (s *subject) exclude(list string) answer {
	if s.node == "" {
		return answer{}
	}
	in, err := hostlist.Contains(list, s.node)
	switch {
	case err != nil:
		return answer{notJudged: err.Error()}
	case in:
		return unmet("--exclude", list, "the jobs must not run there")
	}
	return answer{}
}

// partition judges the jobs' --partition: a job runs in one of several.
func (s *subject) partition(list string) answer {
	if !s.partitions.told && s.group == "" {
		return answer{}
	}
	var names []string
	for part := range strings.SplitSeq(list, ",") {
		name, sets, _ := strings.Cut(part, setsOf)
		if s.in(name, sets) {
			return answer{}
		}
		names = append(names, name)
	}
	why := "they are in the partitions " + s.partitions.line()
	if len(s.partitions.all) == 0 {
		why = "they are in none of them"
	}
	return unmet("--partition", strings.Join(names, ","), why)
}

// in reports whether a worker is in a partition, or may be as far as is known. Each group's
// workers are in the partition of the group's name.
func (s *subject) in(name, sets string) bool {
	switch {
	case slices.Contains(s.partitions.all, name):
		return true
	case s.group != "" && name == s.group:
		return true
	case sets == "":
		return !s.partitions.told
	}
	for set := range strings.SplitSeq(sets, betweenSets) {
		if set == allNodes || s.group != "" && set == s.group {
			return true
		}
	}
	return false
}
