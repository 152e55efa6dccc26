package web

import (
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/status"
)

// pageData is the data of the template.
type pageData struct {
	status.View
	Day     bool // the charts show a day; otherwise an hour
	Jobs    chart
	Workers chart
	Waiting int
	Rows    []row
	Groups  []group
	Done    []journal.Event // what was done, the latest first
	NotDone []journal.Event // what is not done now, and why
}

type row struct {
	status.Worker
	Since string
	Class string
}

type group struct {
	status.Group
	Text string
	Min  string
	Max  string
}

const latest = 40

func newPage(v status.View, span string) pageData {
	d := pageData{View: v, Day: span == "day", Waiting: v.Status.Queue.Waiting}
	points, from := v.Hour, v.Now.Add(-time.Hour)
	if d.Day {
		points, from = v.Day, v.Now.Add(-24*time.Hour)
	}
	d.Jobs, d.Workers = jobsChart(points, from, v.Now), workersChart(points, from, v.Now)
	for _, w := range v.Status.Sorted() {
		d.Rows = append(d.Rows, row{Worker: w, Since: w.For(v.Now), Class: class(w.Phase)})
	}
	for _, g := range v.Status.Groups {
		d.Groups = append(d.Groups, group{Group: g, Text: record.PhasesText(g.Phases), Min: g.Bound(g.Min), Max: g.Bound(g.Max)})
	}
	for _, e := range slices.Backward(v.Events) {
		switch {
		case e.What == journal.Nothing:
			if v.Known && !e.To.Before(v.Status.Time) {
				d.NotDone = append(d.NotDone, e)
			}
		case len(d.Done) < latest:
			d.Done = append(d.Done, e)
		}
	}
	slices.Reverse(d.NotDone)
	return d
}

// class is the class of a phase in the style sheet.
func class(p fleet.Phase) string {
	switch p {
	case fleet.Busy, fleet.Idle, fleet.Booting, fleet.Leaving:
		return string(p)
	case fleet.Broken, fleet.Absent, fleet.Vanished:
		return "bad"
	}
	return "other"
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05") }

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }
