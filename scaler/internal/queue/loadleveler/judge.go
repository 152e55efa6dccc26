package loadleveler

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/loadleveler/requirements"
)

// How work counts: in steps for a worker, and in amounts for one step.
const (
	stepsAWorker  = 3  // to read what is known of it
	bytesAStep    = 16 // of a clause
	bytesACompare = 8  // of a clause, for a word that it is compared with
	comparesAStep = 8  // of words
)

// Bounds of a judgement's texts, in characters.
const (
	longestExcerpt = 100 // of what the steps demand
	longestFact    = 100 // of what is known of the worker
)

// Judge implements queue.Judge for the clauses of this package. A clause that depends on
// what is not known of the worker counts as met.
func Judge(r *queue.Requirement, worker queue.Attributes, _ queue.Shape, steps int) (j queue.Judgement) {
	if len(r.NotJudged) > 0 {
		j.NotJudged = r.NotJudged[0]
	}
	s := subject{worker}
	j.Steps = min(stepsAWorker, steps)
	for _, clause := range r.Clauses {
		unmet, notJudged := "", "it takes more than "+strconv.Itoa(steps)+" steps to judge them"
		if work := 1 + len(clause)/bytesAStep + (1+len(clause)/bytesACompare)*s.words()/comparesAStep; work <= steps-j.Steps {
			j.Steps += work
			unmet, notJudged = s.judge(clause)
		}
		if j.NotJudged == "" && notJudged != "" {
			j.NotJudged = text.Line(clause, longestExcerpt) + ": " + notJudged
		}
		if unmet != "" {
			j.Unmet = unmet
			return j
		}
	}
	return j
}

// subject is a worker that a requirement is held against.
type subject struct{ worker queue.Attributes }

// text returns an attribute; told is false if it is not known.
func (s subject) text(attribute string) (value string, told bool) {
	v, told := s.worker[attribute]
	value, _ = v.(string)
	return value, told
}

// list returns the words of an attribute.
func (s subject) list(attribute string) (words []string, told bool) {
	value, told := s.text(attribute)
	return strings.Fields(value), told
}

// features returns the features of the worker. A worker of which they are not known has
// the feature of its group and no other: so a cluster sets up its workers.
func (s subject) features() (words []string, told bool) {
	if words, told = s.list(featuresAttribute); told {
		return words, true
	}
	group, told := s.text(groupAttribute)
	return []string{group}, told && group != ""
}

// words returns about how many words a clause is compared with.
func (s subject) words() int {
	n := 0
	for _, attribute := range []string{featuresAttribute, classesAttribute, poolsAttribute, resourceAttribute} {
		value, _ := s.text(attribute)
		n += strings.Count(value, " ") + 1
	}
	return n
}

func (s subject) judge(clause string) (unmet, notJudged string) {
	kind, value, _ := strings.Cut(clause, ": ")
	switch kind {
	case clauseClass:
		return s.class(value), ""
	case clauseRequirements:
		return s.requirements(value)
	case clauseResource:
		return s.resource(value)
	case clauseDifferent:
		return "", "the steps' machines have different requirements"
	}
	return "", "it is of an unknown kind"
}

// class judges the steps' class: a machine runs steps of certain classes.
func (s subject) class(name string) (unmet string) {
	classes, told := s.list(classesAttribute)
	if !told || slices.Contains(classes, name) {
		return ""
	}
	have := "no class"
	if len(classes) > 0 {
		have = "only the classes " + text.Line(strings.Join(classes, ", "), longestFact)
	}
	return "class=" + text.Line(name, longestExcerpt) + " (they run " + have + ")"
}

// requirements judges the steps' requirements.
func (s subject) requirements(value string) (unmet, notJudged string) {
	expression, err := remembered.parse(value)
	if err != nil {
		return "", err.Error()
	}
	a := expression.Judge(s.variable)
	if a.NotJudged != "" {
		notJudged = text.Line(a.NotJudged, longestExcerpt) + " is not known of the workers"
	}
	if a.Unmet != "" {
		unmet = "requirements: " + text.Line(a.Unmet, longestExcerpt) + s.fact(a.Unmet)
	}
	return unmet, notJudged
}

// fact returns for people what a worker has of that which an unmet comparison is about.
func (s subject) fact(comparison string) string {
	if words, told := s.features(); told && strings.Contains(strings.ToLower(comparison), "feature") {
		if len(words) == 0 {
			return " (they have no feature)"
		}
		return " (they have the features " + text.Line(strings.Join(words, ", "), longestFact) + ")"
	}
	return ""
}

// variable returns what is known of a variable of the language of requirements. The others
// are not judged: Adapter, Connectivity, Disk, LL_Version, LargePageMemory, TotalMemory.
func (s subject) variable(name string) requirements.Value {
	texts := func(words []string, told bool) requirements.Value {
		if !told {
			return requirements.Value{}
		}
		return requirements.Value{Kind: requirements.Texts, Texts: words}
	}
	one := func(attribute string) requirements.Value {
		value, _ := s.text(attribute)
		return texts([]string{value}, value != "")
	}
	switch name {
	case "feature":
		return texts(s.features())
	case "pool":
		return texts(s.list(poolsAttribute))
	case "arch":
		return one(archAttribute)
	case "opsys":
		return one(systemAttribute)
	case "machine":
		full, _ := s.text(machineAttribute)
		node, told := s.text(nodeAttribute)
		return texts([]string{node, full}, told && node != "")
	case "memory":
		if n, told := s.worker[memoryAttribute].(int64); told {
			return requirements.Value{Kind: requirements.Number, Number: float64(n)}
		}
	}
	return requirements.Value{}
}

// resource judges a further consumable resource: "licence(2)". One that the machine does
// not have may be the whole cluster's.
func (s subject) resource(value string) (unmet, notJudged string) {
	wanted := resourcesIn(value)
	have, told := s.text(resourceAttribute)
	if len(wanted) == 1 && told {
		for _, h := range resourcesIn(have) {
			if h.name != wanted[0].name {
				continue
			}
			if whole(h.amount) < whole(wanted[0].amount) {
				return "resources: " + text.Line(value, longestExcerpt) + " (they have " + text.Line(h.amount, longestFact) + ")", ""
			}
			return "", ""
		}
	}
	return "", "it is no resource of the workers, as far as is known; it may be one of the cluster"
}
