package web

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/explain"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	jobs "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/status"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/usage"
)

// frame is what every page has.
type frame struct {
	status.View
	Root string // address of the first page, relative to this one
}

// pageData is the data of the first page.
type pageData struct {
	frame
	Span    string // name of the span of time that the charts show
	Spans   []status.Span
	Jobs    chart
	Workers chart
	Kinds   []kind
	More    int // kinds that Kinds leaves out
	Rows    []row
	Groups  []group
	Used    table
	Done    []journal.Event // what was done, the latest first
	NotDone []journal.Event // what is not done now, and why
}

// kind is waiting jobs that ask for the same.
type kind struct {
	jobs.JobGroup
	Why   string // why they cause no worker; "" where they do
	Never bool   // no group could ever run them
}

type row struct {
	status.Worker
	Since string
	Class string
}

type group struct {
	status.Group
	Text  string
	Min   string
	Max   string
	Chart chart
}

// Numbers of entries that the page shows.
const (
	latest   = 40
	mostJobs = 20
	mostDays = 7
)

func newPage(v status.View, name string) pageData {
	span := status.Spans[0]
	for _, s := range status.Spans {
		if s.Name == name {
			span = s
		}
	}
	d := pageData{frame: frame{View: v}, Span: span.Name, Spans: status.Spans}
	h := historyOf(v.History[span.Name], span.Length, v.Now)
	d.Jobs, d.Workers = jobsChart(h), workersChart(h)
	d.Kinds, d.More = kinds(v.Record)
	for _, w := range v.Status.Sorted() {
		d.Rows = append(d.Rows, row{Worker: w, Since: w.For(v.Now), Class: class(w.Phase)})
	}
	for _, g := range v.Status.Groups {
		d.Groups = append(d.Groups, group{
			Group: g, Text: g.WorkersText(), Min: g.Bound(g.Min), Max: g.Bound(g.Max), Chart: groupChart(h, g.Name),
		})
	}
	d.Used = used(v.Usage)
	d.Done, d.NotDone = events(v)
	return d
}

// events returns what was done, the latest first, and what is not done now.
func events(v status.View) (done, notDone []journal.Event) {
	for _, e := range slices.Backward(v.Events) {
		switch {
		case e.What == journal.Nothing:
			if v.Known && !e.To.Before(v.Status.Time) {
				notDone = append(notDone, e)
			}
		case len(done) < latest:
			done = append(done, e)
		}
	}
	slices.Reverse(notDone)
	return done, notDone
}

// kinds returns the kinds of waiting jobs, those without a worker to come first, then
// those that have waited longest. More is the number of kinds that are left out.
func kinds(r record.Record) (out []kind, more int) {
	unmet := map[string]kind{}
	for _, u := range r.Demand.Unmet {
		unmet[u.Key] = kind{Why: u.Why.String(), Never: u.Never}
	}
	for _, g := range r.Facts.Queue.Jobs {
		k := unmet[g.Key]
		k.JobGroup = g
		out = append(out, k)
	}
	rank := func(k kind) int {
		switch {
		case k.Never:
			return 0
		case k.Why != "":
			return 1
		}
		return 2
	}
	slices.SortStableFunc(out, func(a, b kind) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), a.Oldest.Compare(b.Oldest)) })
	if len(out) > mostJobs {
		out, more = out[:mostJobs], len(out)-mostJobs
	}
	return out, more
}

// table is worker-hours by day and group.
type table struct {
	Groups []string
	Costs  bool // a group has a price
	Days   []usedDay
}

type usedDay struct {
	Date  string
	Cells []string // of Groups
	Hours string   // of all groups
	Cost  string
}

func used(days []usage.Day) table {
	days = days[:min(len(days), mostDays)]
	var t table
	names := map[string]bool{}
	for _, d := range days {
		for name, u := range d.Groups {
			names[name] = true
			t.Costs = t.Costs || u.Cost != nil
		}
	}
	t.Groups = slices.Sorted(maps.Keys(names))
	for _, d := range days {
		one, hours, cost := usedDay{Date: d.Date}, 0.0, 0.0
		for _, name := range t.Groups {
			u := d.Groups[name]
			hours += u.WorkerHours
			text := fmt.Sprintf("%.1f", u.WorkerHours)
			if u.Cost != nil {
				cost += *u.Cost
				text += fmt.Sprintf(" (%.2f)", *u.Cost)
			}
			one.Cells = append(one.Cells, text)
		}
		one.Hours, one.Cost = fmt.Sprintf("%.1f", hours), fmt.Sprintf("%.2f", cost)
		t.Days = append(t.Days, one)
	}
	return t
}

// explained is the data of the page that explains a job, a worker or a group.
type explained struct {
	frame
	About   explain.Explanation
	Unknown bool
}

// explanation explains a name by the latest round. Of jobs, it knows the first one of
// each kind. A name that nothing bears is unknown.
func explanation(v status.View, name string) explained {
	out := explained{frame: frame{View: v, Root: "../"}}
	switch explain.Kind(name, v.Record, v.Events) {
	case explain.Job:
		for _, g := range v.Record.Facts.Queue.Jobs {
			if g.First == name {
				out.About = explain.OfJob(jobs.Job{ID: name, State: jobs.JobWaits, Why: g.Blocked, Kind: g}, v.Record, v.Events)
				return out
			}
		}
		out.About, out.Unknown = explain.Explanation{Subject: name, Kind: explain.Job}, true
	case explain.Group:
		out.About = explain.OfGroup(name, v.Record, v.Events)
	default:
		out.About = explain.OfWorker(name, v.Record, v.Events)
		out.Unknown = !out.About.Known(v.Record) && len(out.About.Events) == 0
	}
	return out
}

// class is the class of a phase in the style sheet.
func class(p fleet.Phase) string {
	switch p {
	case fleet.Busy, fleet.Idle, fleet.Booting, fleet.Leaving:
		return string(p)
	case fleet.Deleting:
		return string(fleet.Leaving)
	case fleet.Broken, fleet.Absent, fleet.Vanished:
		return "bad"
	}
	return "other"
}

// clock returns a time for people without the page's script, which shows local time.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }
