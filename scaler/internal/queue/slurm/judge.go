package slurm

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/slurm/constraint"
)

// Judge implements queue.Judge for the clauses of this package. A part that is a demand
// of a job's workers together counts as met by each of them, and so does a part that
// depends on what is not known of the worker.
func Judge(r *queue.Requirement, worker queue.Attributes, _ queue.Shape, steps int) (j queue.Judgement) {
	if len(r.NotJudged) > 0 {
		j.NotJudged = r.NotJudged[0]
	}
	s := subjectOf(worker, r)
	j.Steps = min(stepsAWorker, steps)
	for _, clause := range r.Clauses {
		v := answer{notJudged: "it takes more than " + strconv.Itoa(steps) + " steps to judge them"}
		if least := 1 + len(clause)/bytesAStep; least <= steps-j.Steps {
			c := remembered.compile(clause)
			if work := least + s.compares(c)/comparesAStep; work <= steps-j.Steps {
				j.Steps += work
				v = s.judge(c)
			}
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

// How work counts: in steps for a worker, and in amounts for one step.
const (
	stepsAWorker  = 3  // to read what is known of it
	bytesAStep    = 16 // of a clause
	comparesAStep = 8  // of names
)

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

// words are the words of an attribute that has commas between them.
type words struct {
	list string
	told bool // they are known
}

// all returns the words one by one.
func (w words) all() []string {
	if w.list == "" {
		return nil
	}
	return strings.Split(w.list, ",")
}

// count returns how many there are.
func (w words) count() int {
	if w.list == "" {
		return 0
	}
	return strings.Count(w.list, ",") + 1
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

func wordsOf(worker queue.Attributes, attribute string) words {
	v, told := worker[attribute]
	list, _ := v.(string)
	return words{list: list, told: told}
}

// line returns words for people.
func line(words []string) string { return text.Line(strings.Join(words, ", "), longestFact) }

// compares returns how many names are compared to judge a clause, at most.
func (s *subject) compares(c *compiled) int {
	switch c.kind {
	case clauseFeatures:
		return c.compares * s.features.count()
	case clausePartitions:
		return c.compares * s.partitions.count()
	}
	return c.compares
}

func (s *subject) judge(c *compiled) answer {
	if c.err != nil {
		return answer{notJudged: c.err.Error()}
	}
	switch c.kind {
	case clauseFeatures:
		return s.constraint(c)
	case clauseNodes:
		return s.nodelist(c)
	case clauseNotNodes:
		return s.exclude(c)
	case clausePartitions:
		return s.partition(c)
	case clauseWorkers:
		return answer{}
	}
	return answer{notJudged: "it is of an unknown kind"}
}

// constraint judges the jobs' --constraint. A worker of which the features are not known
// has the feature of its group and no other: so a cluster sets up its workers.
func (s *subject) constraint(c *compiled) answer {
	have := s.features.all()
	switch {
	case s.features.told:
	case s.group != "":
		have = []string{s.group}
	default:
		return answer{}
	}
	switch {
	case !c.expression.Meets(have, s.jobWorkers):
		return unmet("--constraint", c.value, lacks(c.expression, have))
	case c.expression.Counted() && s.jobWorkers != 1:
		return answer{notJudged: "how many of a job's workers have which feature"}
	}
	return answer{}
}

// lacks returns for people why features do not meet an expression.
func lacks(e constraint.Expression, have []string) string {
	missing := e.Missing(have)
	switch {
	case len(missing) == 1:
		return "they lack the feature " + line(missing)
	case len(missing) > 1:
		return "they lack the features " + line(missing)
	case len(have) == 0:
		return "they have no feature"
	}
	return "they have only " + line(have)
}

// nodelist judges the jobs' --nodelist. A job that runs on more workers than these runs on
// others as well.
func (s *subject) nodelist(c *compiled) answer {
	switch {
	case s.node == "", c.nodes.Contains(s.node):
		return answer{}
	case c.nodes.Count(s.jobWorkers) < s.jobWorkers:
		return answer{notJudged: "that these nodes are among a job's workers"}
	}
	return c.refusal
}

// exclude judges the jobs' --exclude.
func (s *subject) exclude(c *compiled) answer {
	if s.node == "" || !c.nodes.Contains(s.node) {
		return answer{}
	}
	return c.refusal
}

// partition judges the jobs' --partition: a job runs in one of several.
func (s *subject) partition(c *compiled) answer {
	switch {
	case !s.partitions.told && s.group == "", s.isIn(c.partitions):
		return answer{}
	case s.partitions.count() == 0:
		return unmet("--partition", c.names(), "they are in none of them")
	}
	return unmet("--partition", c.names(), "they are in the partitions "+line(s.partitions.all()))
}

// isIn reports whether a worker is in one of the partitions, or may be as far as is known.
// Each group's workers are in the partition of the group's name.
func (s *subject) isIn(partitions []wanted) bool {
	its := s.partitions.all()
	return slices.ContainsFunc(partitions, func(p wanted) bool {
		switch {
		case slices.Contains(its, p.name), slices.Contains(p.sets, allNodes):
			return true
		case s.group != "" && (p.name == s.group || slices.Contains(p.sets, s.group)):
			return true
		}
		return len(p.sets) == 0 && !s.partitions.told
	})
}
