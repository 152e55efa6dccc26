package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// OfJob explains a job. The scaler treats jobs that ask for the same as one kind, so the
// explanation of the kind is the job's.
func OfJob(j queue.Job, r record.Record, events []journal.Event) Explanation {
	e := Explanation{Subject: j.ID, Kind: Job}
	switch {
	case j.State == queue.JobRuns:
		e.Now = append(e.Now, "It runs on "+j.Node+".")
	case j.State == queue.JobHeld:
		e.Now = append(e.Now, "It is held, and held jobs do not count: "+j.Why)
	case j.State != queue.JobWaits:
		e.Now = append(e.Now, "It is "+j.State+", and wants no worker.")
	case j.Why != "":
		e.Now = append(e.Now, "It waits, but does not count: "+j.Why+".")
	default:
		e.Now = waiting(j, r)
		e.Events = about(events, func(e journal.Event) bool { return e.About == "jobs" })
	}
	return e
}

func waiting(j queue.Job, r record.Record) []string {
	lines := []string{fmt.Sprintf("It waits for %s and asks for %s.", text.Duration(r.Time.Sub(j.Kind.Oldest)), asks(&j.Kind))}
	i := slices.IndexFunc(r.Facts.Queue.Jobs, func(g queue.JobGroup) bool { return g.Key == j.Kind.Key })
	if i < 0 {
		return append(lines, "The reading of the whole queue had no job of its kind: the job came or changed in between. Ask again.")
	}
	left := r.Facts.Queue.Jobs[i].Count
	if left > 1 {
		lines = append(lines, fmt.Sprintf("%d jobs that ask for the same wait; what follows is said of all of them.", left))
	}
	lines = append(lines, workersOf(j.Kind.Key, r)...)
	for _, place := range []struct {
		phases []fleet.Phase
		text   string
	}{
		{[]fleet.Phase{fleet.Busy, fleet.Idle, fleet.Foreign}, "%s room in the pool, and will start when the batch system places them: %s."},
		{[]fleet.Phase{fleet.Booting}, "%s room on workers that are on their way: %s."},
		{[]fleet.Phase{fleet.Leaving}, "%s room on workers that were asked to leave, and are called back: %s."},
	} {
		n, where := placed(r, j.Kind.Key, place.phases)
		if n > 0 {
			lines = append(lines, fmt.Sprintf(place.text, have(n), where))
		}
		left -= n
	}
	for _, u := range r.Demand.Unmet {
		if u.Key == j.Kind.Key {
			lines = append(lines, fmt.Sprintf("%s no worker to come: %s.", have(u.Count), u.Why))
			left -= u.Count
		}
	}
	if left > 0 {
		groups := slices.Sorted(maps.Keys(needed(j.Kind, r)))
		lines = append(lines, fmt.Sprintf("%s, of group %s.", needs(left), strings.Join(groups, " or ")))
		for _, g := range groups {
			of := ""
			if len(groups) > 1 {
				of = ", for group " + g
			}
			lines = append(lines, decided(r, "group "+g, of)...)
		}
	}
	return lines
}

// placed returns the number of jobs of a kind that have room on workers in the phases,
// and the names of some of these workers.
func placed(r record.Record, key string, phases []fleet.Phase) (int, string) {
	const most = 5
	n, names := 0, []string(nil)
	for _, p := range r.Demand.Placements {
		if p.Key == key && slices.Contains(phases, p.Phase) {
			n += p.Count - p.Elsewhere
			names = append(names, fmt.Sprintf("%s (%d)", p.Worker, p.Count))
		}
	}
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return n, strings.Join(names, ", ")
}

func have(n int) string {
	if n == 1 {
		return "1 has"
	}
	return fmt.Sprintf("%d have", n)
}

func needs(n int) string {
	if n == 1 {
		return "1 needs a new worker"
	}
	return fmt.Sprintf("%d need new workers", n)
}
