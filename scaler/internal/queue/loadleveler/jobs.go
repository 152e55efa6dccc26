package loadleveler

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Bounds of what a snapshot holds: any user may queue any number of steps.
const (
	mostGroups  = 200_000
	mostReasons = 50      // of steps that do not count
	longestWhy  = 200     // characters of such a reason
	mostClauses = 4 << 20 // bytes of requirements
)

// jobList collects steps in the groups of a snapshot.
type jobList struct {
	now     time.Time
	classes map[string]class

	listed  int            // rows of llq -r
	asked   []stepID       // steps of which llq -l has to say more
	rows    map[string]row // those by their keys
	waiting int            // of asked: steps that wait
	perHost map[string]int // steps that run, by node name
	inClass map[string]int // steps that run, by class
	running int

	jobs         []queue.JobGroup
	byKey        map[string]int // where in jobs
	requirements map[[sha256.Size]byte]*queue.Requirement
	clauses      int // bytes of those
	skipped      map[string]*queue.Skipped
	undefined    string // a class that a waiting step has and llclass does not list
	leftOut      []string
	left         leave
}

func newJobList(now time.Time, classes map[string]class) *jobList {
	l := &jobList{
		now: now, classes: classes, rows: map[string]row{}, perHost: map[string]int{}, inClass: map[string]int{},
		byKey: map[string]int{}, requirements: map[[sha256.Size]byte]*queue.Requirement{}, skipped: map[string]*queue.Skipped{},
	}
	l.left = leaver("step", &l.leftOut)
	return l
}

// row takes what llq -r says of a step.
func (l *jobList) row(w row) {
	if _, twice := l.rows[w.id.key]; twice {
		return
	}
	switch s := states[w.state]; s.means {
	case rests, held:
		l.skip(s.why, w.id.text)
	case waits:
		if l.waiting++; l.waiting > mostAsked {
			l.skip(fmt.Sprintf("more than %d steps wait: the scaler looks at the others first", mostAsked), w.id.text)
			return
		}
		l.asked, l.rows[w.id.key] = append(l.asked, w.id), w
	case busy:
		l.running++
		l.inClass[w.class]++
		l.onHost(w.host)
		if w.hosts > 1 && len(l.asked) < 2*mostAsked {
			l.asked, l.rows[w.id.key] = append(l.asked, w.id), w
		}
	}
}

func (l *jobList) onHost(host string) {
	if name := short(host); hostName.MatchString(name) {
		l.perHost[name]++
	}
}

// step takes what llq -l says of a step. One that waited a moment ago may run now; its
// machines are read later, and show it.
func (l *jobList) step(s *step) {
	w := l.rows[s.id.key]
	now, is := abbreviations[s.values[labelStatus]]
	switch {
	case !is:
		l.left(s.id.text, fmt.Sprintf("its status is %q", text.Line(s.values[labelStatus], 30)))
	case states[w.state].means == busy:
		l.furtherHosts(s, w)
	case states[now].means == waits:
		l.waits(s, w.class)
	case states[now].means == busy:
		l.running++
	case states[now].means != ended:
		l.skip(states[now].why, s.id.text)
	}
}

// furtherHosts notes the machines of a running step beside the first. They count if there
// are as many as llq -r says: a user can write such a list.
func (l *jobList) furtherHosts(s *step, w row) {
	hosts := s.hosts()
	if len(hosts) != w.hosts {
		l.left(s.id.text, fmt.Sprintf("it runs on %d machines, and %d are listed", w.hosts, len(hosts)))
		return
	}
	for _, host := range hosts {
		if host != short(w.host) {
			l.onHost(host)
		}
	}
}

// waits counts a waiting step. Its class is that of llq -r, which prints no text of users.
func (l *jobList) waits(s *step, name string) {
	if why := standing(s, l.now); why != "" {
		l.skip(why, s.id.text)
		return
	}
	s.values[labelClass] = name
	c := l.classes[name]
	if !c.known && l.undefined == "" {
		l.undefined = fmt.Sprintf("step %s is of class %s, which llclass does not list", s.id.text, name)
	}
	d, task := demandOf(s, c)
	if why := c.refuses(d, task); c.known && why != "" {
		l.skip(why, s.id.text)
		return
	}
	if c.known && c.maxJobs >= 0 {
		if l.inClass[name] >= c.maxJobs {
			l.skip("the limit of steps at once of its class is reached (Maxjobs)", s.id.text)
			return
		}
		l.inClass[name]++
	}
	l.count(groupOf(s, d, l.groupOf(name)), s)
}

// groupOf returns the worker group that a class stands for; "" if it stands for none.
func (l *jobList) groupOf(class string) string {
	if class == allGroups || !l.classes[allGroups].known || !l.classes[class].known {
		return ""
	}
	return class
}

// count adds a step to the group of those that ask for the same.
func (l *jobList) count(g queue.JobGroup, s *step) {
	i, known := l.byKey[g.Key]
	if !known && len(l.jobs) >= mostGroups {
		l.skip(fmt.Sprintf("there are more than %d kinds of steps", mostGroups), s.id.text)
		return
	}
	if !known {
		i = len(l.jobs)
		l.byKey[g.Key] = i
		g.Requires = l.shared(g.Requires)
		l.jobs = append(l.jobs, g)
	}
	queued := s.queued(l.now)
	into := &l.jobs[i]
	if into.Count == 0 || !queued.IsZero() && (into.Oldest.IsZero() || queued.Before(into.Oldest)) {
		into.Oldest, into.First = queued, s.id.text
	}
	into.Count++
}

// shared returns one value for equal requirements. Users may write others into each step:
// those beyond a bound are not judged.
func (l *jobList) shared(r *queue.Requirement) *queue.Requirement {
	same := sha256.Sum256(fmt.Appendf(nil, "%q%q", r.Clauses, r.NotJudged))
	if known := l.requirements[same]; known != nil {
		return known
	}
	for _, c := range r.Clauses {
		l.clauses += len(c)
	}
	if l.clauses > mostClauses {
		class := r.Clauses[0] // its name comes from llq -r, and is no text of a user
		return l.few(class)
	}
	l.requirements[same] = r
	return r
}

// few returns the requirement of a class alone.
func (l *jobList) few(class string) *queue.Requirement {
	same := sha256.Sum256([]byte(class))
	if l.requirements[same] == nil {
		l.requirements[same] = &queue.Requirement{Clauses: []string{class}, NotJudged: []string{fmt.Sprintf("the steps have more than %d MiB of requirements", mostClauses>>20)}}
	}
	return l.requirements[same]
}

// queued returns when a step could begin for the first time, or when it was submitted.
func (s *step) queued(now time.Time) time.Time {
	if at := moment(s.values[labelEligible]); !at.IsZero() && !at.After(now) {
		return at
	}
	return earlier(moment(s.values[labelQueued]), now)
}

// skip notes a step that does not count. Where there are very many reasons, one stands for
// the others.
func (l *jobList) skip(why, id string) {
	why = text.Line(why, longestWhy)
	if l.skipped[why] == nil && len(l.skipped) >= mostReasons {
		why = "other reasons"
	}
	s := l.skipped[why]
	if s == nil {
		s = &queue.Skipped{Why: why, First: id}
		l.skipped[why] = s
	}
	s.Count++
}

// fill writes the steps into a snapshot.
func (l *jobList) fill(s *queue.Snapshot) {
	s.Jobs, s.Running, s.OnNode = l.jobs, l.running, l.perHost
	for _, k := range l.skipped {
		s.Skipped = append(s.Skipped, *k)
	}
	slices.SortFunc(s.Skipped, func(a, b queue.Skipped) int { return strings.Compare(a.Why, b.Why) })
	s.LeftOut = append(s.LeftOut, l.leftOut...)
	if l.undefined != "" {
		s.Partial = append(s.Partial, l.undefined)
	}
}
