package status

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Write prints a status for people. Last is the scaler's latest round by its file of
// decisions; nil if there is none.
func Write(w io.Writer, s Status, last *Last) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "cluster\t%s, generation %d, read %s\n", s.Cluster, s.Generation, s.Time.UTC().Format("2006-01-02 15:04:05 UTC"))
	fmt.Fprintf(t, "jobs\t%s\n", s.Queue.text(s.Time))
	if coming := s.Coming(); len(coming) > 0 {
		fmt.Fprintf(t, "coming\t%s\n", record.StagesText(coming))
	}
	if s.Acting != "" {
		fmt.Fprintf(t, "scaler\t%s holds the lease\n", s.Acting)
	}
	for _, line := range last.lines(s.Time) {
		fmt.Fprintf(t, "scaler\t%s\n", line)
	}
	fmt.Fprintf(t, "\nGROUP\tWORKERS\tBUSY\tIDLE\tBOOTING\tLEAVING\tOTHERS\tMIN\tMAX\tNEEDED\n")
	for _, g := range s.Groups {
		needed := strconv.Itoa(g.Needed)
		if g.Needed > 0 {
			needed = fmt.Sprintf("%d for %s", g.Needed, text.Count(g.For, "job"))
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\n", g.Name, g.Total,
			g.Phases[fleet.Busy], g.Phases[fleet.Idle], g.Phases[fleet.Booting], g.Phases[fleet.Leaving]+g.Phases[fleet.Deleting],
			g.Others(fleet.Busy, fleet.Idle, fleet.Booting, fleet.Leaving, fleet.Deleting), g.Bound(g.Min), g.Bound(g.Max), needed)
	}
	if len(s.Workers) > 0 {
		fmt.Fprintf(t, "\nWORKER\tGROUP\tPHASE\tSINCE\tJOBS\tFREE\tADDRESS\tSERVER\n")
	}
	for _, worker := range s.Workers {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", worker.Name, cmp.Or(worker.Group, "-"), worker.Words(), worker.For(s.Time),
			worker.Jobs, worker.FreeText(), cmp.Or(worker.Address, "-"), cmp.Or(worker.Nova, "-"))
	}
	for _, j := range s.Queue.Unmet {
		fmt.Fprintf(t, "\n%s without a worker to come (%s…): %s", text.Count(j.Count, "job"), j.First, j.Why)
	}
	for _, j := range s.Queue.Skipped {
		fmt.Fprintf(t, "\n%s not counted (%s…): %s", text.Count(j.Count, "job"), j.First, j.Why)
	}
	for _, p := range s.Queue.Partial {
		fmt.Fprintf(t, "\nnot read: %s", p)
	}
	if len(s.Queue.Unmet)+len(s.Queue.Skipped)+len(s.Queue.Partial) > 0 {
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the status: %w", err)
	}
	return nil
}

func (q Queue) text(now time.Time) string {
	line := fmt.Sprintf("%d waiting, %d running", q.Waiting, q.Running)
	if q.Oldest != nil {
		line += fmt.Sprintf("; the oldest waits for %s", text.Duration(now.Sub(*q.Oldest)))
	}
	return line
}

// WorkersText returns the number of a group's workers in each phase in words, those on
// their way also by stage: "2 busy, 3 booting (1 requested, 2 building)".
func (g Group) WorkersText() string {
	phases := record.PhasesText(g.Phases)
	if len(g.Coming) == 0 {
		return phases
	}
	booting := fmt.Sprintf("%d %s", g.Phases[fleet.Booting], fleet.Booting)
	return strings.Replace(phases, booting, booting+" ("+record.StagesText(g.Coming)+")", 1)
}

// Words returns a worker's phase, how far it has come on its way, whether it is
// protected, and its fault.
func (w Worker) Words() string {
	words := []string{string(w.Phase)}
	if w.Stage != "" {
		words[0] += " (" + w.Stage.Words() + ")"
	}
	if w.Protected {
		words = append(words, "protected")
	}
	if w.Fault != "" {
		words = append(words, w.Fault)
	}
	return strings.Join(words, ", ")
}

// For returns how long a worker has been idle or out of the pool: "5m"; "-" where that
// is not known.
func (w Worker) For(now time.Time) string {
	if w.Since == nil {
		return "-"
	}
	return text.Duration(now.Sub(*w.Since))
}

// FreeText returns what of a worker is free; "-" for one that is not in the pool.
func (w Worker) FreeText() string {
	if w.Free == nil {
		return "-"
	}
	return w.Free.String()
}

// Last is the scaler's latest round by its file of decisions.
type Last struct {
	Time   time.Time          `json:"time"`
	Took   float64            `json:"seconds"`
	Parts  record.PartSeconds `json:"part_seconds,omitempty"`
	Error  string             `json:"error,omitempty"`
	Action *LatestAction      `json:"latest_action,omitempty"`
}

// LatestAction is the latest action in a file of decisions.
type LatestAction struct {
	Time   time.Time `json:"time"`
	What   string    `json:"what"`
	About  string    `json:"about"`
	Reason string    `json:"reason"`
}

// LastOf returns the latest round of a file of decisions; nil if there is none.
func LastOf(path string) (*Last, error) {
	records, err := journal.Read(path)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	r := records[len(records)-1]
	last := &Last{Time: r.Time, Took: r.Seconds, Parts: r.PartSeconds, Error: r.Error}
	for _, e := range journal.Of(records) {
		if e.Action() {
			last.Action = &LatestAction{Time: e.To, What: e.Title(), About: e.About, Reason: e.Reason}
		}
	}
	return last, nil
}

// TookText returns how long the round took, and its longest parts: "0.6 s (queue 0.4 s,
// cluster 0.2 s)".
func (l *Last) TookText() string {
	took := fmt.Sprintf("%.1f s", l.Took)
	if parts := l.Parts.Text(); parts != "" {
		took += " (" + parts + ")"
	}
	return took
}

func (l *Last) lines(now time.Time) []string {
	if l == nil {
		return nil
	}
	lines := []string{fmt.Sprintf("last round %s ago, took %s", text.Duration(now.Sub(l.Time)), l.TookText())}
	if l.Error != "" {
		lines = append(lines, l.Error)
	}
	if a := l.Action; a != nil {
		lines = append(lines, fmt.Sprintf("last action %s ago: %s, %s: %s", text.Duration(now.Sub(a.Time)), a.What, a.About, a.Reason))
	}
	return lines
}
