package loop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// postPatience is how long a round waits for the answers to its create calls. On a slow
// cloud one call may take minutes; later rounds then take the answers.
const postPatience = 10 * time.Second

// posting is create calls under way, of all groups together.
type posting struct {
	what     string
	groups   []string
	wanted   int
	document cluster.Document
	done     chan answers
}

// answers are what came of create calls.
type answers struct {
	posted actuate.Posted
	err    error
	lost   bool // the lease was lost: nothing is known of the groups
}

// post sends the create calls of all groups together, beside the rounds, and waits for the
// answers for postPatience at most. While calls are under way no others are begun, because
// it is not known yet which names they take.
func (a *actions) post(ctx context.Context, adds []decide.Add) {
	if len(adds) == 0 {
		return
	}
	p := &posting{document: a.facts.Cluster.Document, done: make(chan answers, 1)}
	var orders []actuate.Order
	var words []string
	for _, add := range adds {
		p.wanted += add.Count
		orders = append(orders, actuate.Order{Group: add.Group, Count: add.Count, Avoid: add.Avoid})
		words = append(words, fmt.Sprintf("%d to group %s", add.Count, add.Group))
		p.groups = append(p.groups, add.Group)
	}
	p.what = "add " + strings.Join(words, ", ")
	if a.state.posting != nil {
		a.putOff(p.what, reason.New(reason.CallsUnderWay))
		return
	}
	if !a.mayBegin(ctx, p.what) {
		return
	}
	defer a.times.enter(record.PartCreations)()
	a.state.posting = p
	reserved := a.state.memory.Expected()
	go func() {
		calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), actionTimeout)
		defer cancel()
		calling, release := a.guard(calling)
		defer release()
		posted, err := a.Actuator.Post(calling, a.id, orders, reserved)
		p.done <- answers{posted, err, errors.Is(calling.Err(), context.Canceled)}
	}()
	patience := time.NewTimer(postPatience)
	defer patience.Stop()
	select {
	case got := <-p.done:
		if err := a.answered(got); err != nil {
			a.failed = append(a.failed, err)
		}
	case <-patience.C:
		a.Log.Info("the cloud answers create calls slowly; the rounds go on beside them", "action", p.what)
	}
}

// takePosted takes the answers to the create calls of an earlier round, if all are there.
func (r *round) takePosted() {
	r.state.late = nil
	if r.state.posting == nil {
		return
	}
	select {
	case got := <-r.state.posting.done:
		r.state.late = r.answered(got)
	default:
	}
}

// answered notes what came of create calls. What was sent counts as on its way until a list
// shows it; what was refused is a failure of its group. It returns the error as the record
// has it.
func (r *round) answered(got answers) error {
	p := r.state.posting
	r.state.posting = nil
	p.sent(r, got.posted)
	if got.err == nil {
		if n := len(got.posted.Accepted) + len(got.posted.Unknown); n > 0 && n < p.wanted {
			r.Log.Info("the cloud answers create calls slowly; the next round sends the others", "sent", n, "wanted", p.wanted)
		}
		return nil
	}
	if !got.lost {
		now := r.state.follow(r.now())
		r.state.memory = r.state.memory.Failed(now, p.refusals(p.groups, got.err)...)
	}
	err := fmt.Errorf("%s: %w", p.what, got.err)
	r.record.Failed(err)
	return err
}

// sent notes the workers whose create calls were sent.
func (p *posting) sent(r *round, got actuate.Posted) {
	r.record.Added = append(r.record.Added, got.Accepted...)
	r.record.Unanswered = append(r.record.Unanswered, got.Unknown...)
	groups := map[string]string{}
	for _, name := range slices.Concat(got.Accepted, got.Unknown) {
		groups[name] = p.document.GroupOf(name)
	}
	if len(groups) == 0 {
		return
	}
	now := r.state.follow(r.now())
	r.state.memory = r.state.memory.Sent(now, groups)
	r.state.begun.coming = slices.Concat(r.state.begun.coming, got.Accepted, got.Unknown)
}

// endPosting waits for the answers to the create calls under way: a call that was begun is
// finished, and its workers are named, in the log and in the record. It returns the error
// as the record has it.
func (l *Loop) endPosting(r *record.Record) error {
	p := l.state.posting
	if p == nil {
		return nil
	}
	l.state.posting = nil
	got := <-p.done
	r.Added = append(r.Added, got.posted.Accepted...)
	r.Unanswered = append(r.Unanswered, got.posted.Unknown...)
	if names := slices.Concat(got.posted.Accepted, got.posted.Unknown); len(names) > 0 {
		l.Log.Info("workers are being made", "names", strings.Join(names, " "))
	}
	if got.err == nil {
		return nil
	}
	err := fmt.Errorf("%s: %w", p.what, got.err)
	l.Log.Error("an action failed", "error", err)
	r.Failed(err)
	return err
}

// refusals returns why workers of the groups could not be made, by zone where the error
// names one. What an actuator has put off is no failure.
func (p *posting) refusals(groups []string, err error) []decide.Fault {
	if all, several := err.(interface{ Unwrap() []error }); several {
		var faults []decide.Fault
		for _, one := range all.Unwrap() {
			faults = append(faults, p.refusals(groups, one)...)
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
			Group: p.document.GroupOf(w.Name), Kind: w.Kind,
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
