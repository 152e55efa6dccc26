package loop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// post sends the create calls of all groups together. What was sent counts as on its way
// until a list shows it; what was refused is a failure of its group.
func (a *actions) post(ctx context.Context, adds []decide.Add) {
	if len(adds) == 0 {
		return
	}
	var orders []actuate.Order
	var words, groups []string
	wanted := 0
	for _, add := range adds {
		wanted += add.Count
		orders = append(orders, actuate.Order{Group: add.Group, Count: add.Count, Avoid: add.Avoid})
		words = append(words, fmt.Sprintf("%d to group %s", add.Count, add.Group))
		groups = append(groups, add.Group)
	}
	a.do(ctx, record.PartCreations, "add "+strings.Join(words, ", "), func(calling context.Context) error {
		posted, err := a.Actuator.Post(calling, a.id, orders, a.state.memory.Expected())
		a.sent(posted)
		if err != nil {
			a.note(calling, a.refusals(groups, err)...)
			return err
		}
		if n := len(posted.Accepted) + len(posted.Unknown); n > 0 && n < wanted {
			a.Log.Info("the cloud answers create calls slowly; the next round sends the others", "sent", n, "wanted", wanted)
		}
		return nil
	})
}

// sent notes the workers whose create calls were sent.
func (a *actions) sent(p actuate.Posted) {
	a.record.Added = append(a.record.Added, p.Accepted...)
	a.record.Unanswered = append(a.record.Unanswered, p.Unknown...)
	groups := map[string]string{}
	for _, name := range slices.Concat(p.Accepted, p.Unknown) {
		groups[name] = a.facts.Cluster.Document.GroupOf(name)
	}
	if len(groups) == 0 {
		return
	}
	now := a.state.follow(a.now())
	a.state.memory = a.state.memory.Sent(now, groups)
	a.state.begun.coming = slices.Concat(a.state.begun.coming, p.Accepted, p.Unknown)
}

// refusals returns why workers of the groups could not be made, by zone where the error
// names one. What an actuator has put off is no failure.
func (a *actions) refusals(groups []string, err error) []decide.Fault {
	if all, several := err.(interface{ Unwrap() []error }); several {
		var faults []decide.Fault
		for _, one := range all.Unwrap() {
			faults = append(faults, a.refusals(groups, one)...)
		}
		return faults
	}
	var off actuate.PutOffError
	if errors.As(err, &off) {
		return nil
	}
	var of actuate.GroupError
	if errors.As(err, &of) {
		groups = []string{of.Group}
	}
	var lost cluster.NotMadeError
	if !errors.As(err, &lost) {
		return faultsOf(groups, kindOf(err), err)
	}
	var faults []decide.Fault
	for _, w := range lost {
		f := decide.Fault{
			Group: a.facts.Cluster.Document.GroupOf(w.Name), Kind: w.Kind,
			Why: reason.New(reason.WorkerNotMade, reason.Name("worker", w.Name), reason.Text("message", w.Message)),
		}
		if len(w.Zones) == 0 {
			faults = append(faults, f)
		}
		for _, f.Zone = range w.Zones {
			faults = append(faults, f)
		}
	}
	return faults
}
