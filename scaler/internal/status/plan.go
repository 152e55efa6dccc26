package status

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// WritePlan prints a record for people: the workers, what would be done, and why. hold
// is the time that demand must last; waited reports whether it was watched for that
// time.
func WritePlan(w io.Writer, r record.Record, hold time.Duration, waited bool) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "cluster\t%s, generation %d\n", r.Cluster, r.Generation)
	fmt.Fprintf(t, "jobs\t%d waiting, %d running\n", r.Waiting, r.Running)
	fmt.Fprintf(t, "workers\t%s\n", record.PhasesText(r.Workers))
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the plan: %w", err)
	}
	if len(r.Fleet.Workers) > 0 {
		fmt.Fprintf(w, "\n")
		fmt.Fprintf(t, "WORKER\tGROUP\tPHASE\tJOBS\tFREE\tWAITING JOBS THAT FIT\n")
		for _, worker := range r.Fleet.Workers {
			free := "-"
			if worker.InPool {
				free = worker.Pool.Free.String()
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%d\n", worker.Name, cmp.Or(worker.Group, "-"), phaseText(worker), worker.Jobs, free, r.Demand.On(worker.Name))
		}
		if err := t.Flush(); err != nil {
			return fmt.Errorf("print the plan: %w", err)
		}
	}
	fmt.Fprintf(w, "\n")
	fmt.Fprintf(t, "WHAT\tABOUT\tWHY\n")
	writeSteps(t, r)
	if r.Stopped != "" {
		fmt.Fprintf(t, "nothing at all\t\t%s\n", r.Stopped)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(t, "nothing\t%s\t%s\n", n.About, n.Reason)
	}
	if r.Nothing() && len(r.Notes) == 0 && r.Stopped == "" {
		fmt.Fprintf(t, "nothing\t\tthe workers suffice, and none is idle\n")
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the plan: %w", err)
	}
	if len(r.Add) > 0 && !waited {
		fmt.Fprintf(w, "\nWorkers are added once the demand has lasted %s; a single reading can not show that (--wait can).\n", hold)
	}
	fmt.Fprintf(w, "\nNothing was changed.\n")
	return nil
}

func phaseText(w fleet.Worker) string {
	text := string(w.Phase)
	if stage := w.Stage(); stage != "" {
		text += " (" + stage.Words() + ")"
	}
	if w.Node.Protected {
		text += ", protected"
	}
	return text
}

// writeSteps prints what is done, one step a line.
func writeSteps(t io.Writer, r record.Record) {
	for _, a := range r.Add {
		fmt.Fprintf(t, "add %d\tgroup %s\t%s\n", a.Count, a.Group, a.Reason)
	}
	for _, s := range r.Enrol {
		fmt.Fprintf(t, "enrol\t%s\t%s\n", s.Worker, s.Reason)
	}
	for _, s := range r.Undrain {
		fmt.Fprintf(t, "undrain\t%s\t%s\n", s.Worker, s.Reason)
	}
	for _, s := range r.Drain {
		fmt.Fprintf(t, "drain\t%s\t%s\n", s.Worker, s.Reason)
	}
	for _, s := range r.Close {
		if !slices.Contains(decide.Workers(r.Drain), s.Worker) {
			fmt.Fprintf(t, "drain again\t%s\t%s\n", s.Worker, s.Reason)
		}
	}
	for _, s := range r.Open {
		if !slices.Contains(decide.Workers(r.Undrain), s.Worker) {
			fmt.Fprintf(t, "undrain again\t%s\t%s\n", s.Worker, s.Reason)
		}
	}
	for _, s := range r.Remove {
		fmt.Fprintf(t, "remove\t%s\t%s\n", s.Worker, s.Reason)
	}
	for _, s := range r.Forget {
		fmt.Fprintf(t, "forget\t%s\t%s\n", s.Worker, s.Reason)
	}
	for _, s := range r.Discard {
		fmt.Fprintf(t, "delete\t%s (server %s)\t%s\n", s.Worker, s.Server, s.Reason)
	}
}
