package htcondor

import (
	"fmt"
	"strings"
	"sync"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Judge implements queue.Judge for requirements that a Reader of this package has
// read.
func Judge(r *queue.Requirement, machine queue.Attributes, free queue.Shape) string {
	s := &scope{job: jobTexts(r.Job), partial: r.Partial, machine: machine, free: &free}
	for _, text := range r.Clauses {
		clause := compiled(text)
		v, err := clause.value(s)
		if err != nil {
			continue // HTCondor decides
		}
		if _, is := v.(unknown); is {
			continue
		}
		if met, ok := truth(v); !ok || !met {
			return clause.text + s.facts(clause)
		}
	}
	return ""
}

// jobTexts are the attributes of a job in the form of a requirement.
type jobTexts map[string]string

// get implements jobScope.
func (t jobTexts) get(name string) (any, bool) {
	text, ok := t[name]
	if !ok {
		return nil, false
	}
	return valueOf(text), true
}

// facts returns the machine's attributes that an expression names, for people.
func (s *scope) facts(e *expression) string {
	var facts []string
	for _, name := range e.machineNames(s.job) {
		switch v := s.of(name).(type) {
		case undefined:
			facts = append(facts, name+" is undefined")
		case string:
			facts = append(facts, fmt.Sprintf("%s is %q", name, v))
		case unknown:
		default:
			facts = append(facts, name+" is "+textOf(v))
		}
	}
	if len(facts) == 0 {
		return ""
	}
	return " (" + strings.Join(facts, ", ") + ")"
}

// unread stands for a list or an ad inside a job's ad. valueOf reads it as unknown.
const unread = "{}"

// textOf writes an attribute's value as an expression.
func textOf(v any) string {
	switch v := v.(type) {
	case nil, undefined:
		return "undefined"
	case string:
		return `"` + escape.Replace(v) + `"`
	case bool:
		return fmt.Sprint(v)
	case int64:
		return fmt.Sprint(v)
	case float64:
		return realText(v)
	case *expression:
		return v.text
	}
	return unread
}

var escape = strings.NewReplacer(`"`, `\"`, `\`, `\\`)

// valueOf reads what textOf writes.
func valueOf(text string) any {
	if text == unread {
		return unknown{}
	}
	if n, ok := plainNumber([]byte(text)); ok {
		return n.value()
	}
	e := compiled(text)
	if l, ok := e.root.(literal); ok {
		return l.is
	}
	return e
}

// compiledExpressions is a cache of expressions. The clauses of a queue stay the same
// from one reading to the next, and the reader and the judge both need each.
var compiledExpressions struct {
	sync.Mutex
	of map[string]*expression
}

// mostExpressions bounds the cache. A full cache is emptied: where each of 50,000 jobs
// has a clause of its own, memory is worth more than time.
const mostExpressions = 10_000

func compiled(text string) *expression {
	c := &compiledExpressions
	c.Lock()
	defer c.Unlock()
	e := c.of[text]
	if e != nil {
		return e
	}
	if c.of == nil || len(c.of) >= mostExpressions {
		c.of = map[string]*expression{}
	}
	e = compile(text)
	c.of[text] = e
	return e
}
