package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// lastLooks is how often a create tries to look at its name before it ends.
const lastLooks = 6

// ExistsError means that a new cluster's name is taken.
type ExistsError struct {
	Name      string
	ID        string
	Finished  bool // false: an interrupted create of another place left it
	Headless  bool // its front-end is gone
	Withdrawn bool // both were made at once; what this run had made is deleted again
}

func (e *ExistsError) Error() string {
	switch {
	case e.Withdrawn && e.Finished:
		return fmt.Sprintf("a cluster named %q was made elsewhere at the same time (ID %s), so this run has deleted what it made; import the other cluster or choose another name", e.Name, e.ID)
	case e.Withdrawn:
		return fmt.Sprintf("a cluster named %q has been in the making at another place for longer (ID %s), so this run has deleted what it made", e.Name, e.ID)
	case e.Finished && e.Headless:
		return fmt.Sprintf("servers of a cluster named %q exist (ID %s) that was finished and has lost its front-end: no apply of another cluster deletes them, because they may hold users' data. "+
			"Choose another name, or delete them: openstack server list --tags %s shows them", e.Name, e.ID, cluster.IDTag(e.ID))
	case e.Finished:
		return fmt.Sprintf("a cluster named %q exists already (ID %s); import it or choose another name", e.Name, e.ID)
	}
	return fmt.Sprintf("servers of an unfinished cluster named %q exist (ID %s), made from another place: another run may be under way", e.Name, e.ID)
}

// CheckName refuses the name of a new cluster that a finished cluster has, or one
// that is being made from another place than createdBy. What an interrupted create
// left is no hindrance if it comes from the same place or has the ID abandoned ("" is
// none), because Apply removes it; free reports whether there is nothing of that
// either.
func (p *Provisioner) CheckName(ctx context.Context, name, createdBy, abandoned string) (free bool, err error) {
	left, err := namesakes{p, cluster.Ref{Name: name, CreatedBy: createdBy, Abandoned: abandoned}}.leftovers(ctx)
	return err == nil && len(left) == 0, err
}

// namesakes are the clusters of one name.
type namesakes struct {
	p   *Provisioner
	ref cluster.Ref
}

// leftovers returns the servers that an interrupted create left, see CheckName.
func (c namesakes) leftovers(ctx context.Context) (cluster.Nodes, error) {
	nodes, err := c.list(ctx)
	if err != nil {
		return nil, err
	}
	_, left, strangers := c.ref.Split(nodes)
	for _, theirs := range strangers.Clusters() {
		if theirs.Finished() {
			return nil, &ExistsError{Name: c.ref.Name, ID: theirs[0].ClusterID, Finished: true, Headless: theirs.Headless()}
		}
	}
	if len(strangers) > 0 {
		return nil, &ExistsError{Name: c.ref.Name, ID: strangers[0].ClusterID}
	}
	return left, nil
}

// list returns the servers of all clusters of the name.
func (c namesakes) list(ctx context.Context) (cluster.Nodes, error) {
	nodes, err := c.p.cloud.Nodes(ctx, cluster.NameTag(c.ref.Name))
	if err != nil {
		return nil, fmt.Errorf("list the servers of clusters named %s: %w", c.ref.Name, err)
	}
	return nodes, nil
}

// remove deletes the clusters that interrupted creates left. It returns the servers of
// those that it could not delete, beside the reasons.
func (c namesakes) remove(ctx context.Context, left cluster.Nodes) (stay cluster.Nodes, err error) {
	for _, nodes := range left.Clusters() {
		n := nodes[0]
		c.p.opts.Log(ctx, "removing what an interrupted create left", "cluster", n.ClusterName, "id", n.ClusterID, "nodes", nodes.Names())
		if failed := c.p.Destroy(ctx, cluster.Ref{ID: n.ClusterID, Name: n.ClusterName}, nil); failed != nil {
			stay = append(stay, nodes...)
			err = errors.Join(err, fmt.Errorf("remove what an interrupted create left: %w", failed))
		}
	}
	return stay, err
}

// claim is a run's hold on the name of its cluster.
type claim struct{ r *run }

func (c claim) namesakes() namesakes { return namesakes{c.r.p, c.r.req.ref()} }

// clear deletes, before a create makes anything, what interrupted creates left. It
// returns an ExistsError where the name is taken.
func (c claim) clear(ctx context.Context) error {
	left, err := c.namesakes().leftovers(ctx)
	if err == nil {
		_, err = c.namesakes().remove(ctx, left)
	}
	return err
}

// clean removes the leftovers that a run has found beside its cluster. Those that stay
// are a problem: the cluster works, and the next refresh shows them again.
func (c claim) clean(ctx context.Context, left cluster.Nodes) {
	r := c.r
	for _, nodes := range left.Clusters() {
		if !slices.ContainsFunc(nodes, func(n cluster.Node) bool { return n.Status != cluster.StatusDeleting }) {
			r.going = append(r.going, nodes...) // see depart
		}
	}
	left = slices.DeleteFunc(slices.Clone(left), func(n cluster.Node) bool { return hasID(r.going, n.ID) })
	if len(left) == 0 {
		return
	}
	bounded, cancel := wait.Share(ctx, 4)
	defer cancel()
	stay, err := c.namesakes().remove(bounded, left)
	if err == nil {
		return
	}
	c.stays(stay, err)
}

// stays notes that leftovers are still there.
func (c claim) stays(nodes cluster.Nodes, err error) {
	r := c.r
	r.left = append(r.left, nodes...)
	r.tally.problems = append(r.tally.problems, cluster.Problem{
		Node: nodes[0].Name, Kind: cluster.KindOf(err), Heals: true, Summary: "of an interrupted create is still there", Detail: err.Error(),
	})
}

// depart sees, at the end of a run, what has become of the leftovers that were being
// deleted when it found them. They are not waited for: a cloud may be stuck in that for
// days. It asks once more for the deletion of those that are still there, and they are a
// problem.
func (c claim) depart(ctx context.Context) {
	r := c.r
	if len(r.going) == 0 {
		return
	}
	nodes := r.inv.byName.nodes
	if !r.inv.byName.fresh() {
		var err error
		if nodes, err = c.namesakes().list(ctx); err != nil {
			nodes = r.going
		}
	}
	still := slices.DeleteFunc(slices.Clone(r.going), func(n cluster.Node) bool { return !hasID(nodes, n.ID) })
	for _, n := range still {
		if err := r.p.cloud.DeleteNode(ctx, n.ID); err != nil {
			r.p.opts.Log(ctx, "asking once more for a deletion failed", "node", n.Name, "error", err.Error())
		}
	}
	for _, one := range still.Clusters() {
		c.stays(one, fmt.Errorf("%s: Nova has been deleting it since before this apply and is not done; if that does not end, ask the cloud's operators to reset the server's state",
			serverNames(one)))
	}
}

// serverNames names nodes with the IDs of their servers.
func serverNames(nodes cluster.Nodes) string {
	out := make([]string, 0, len(nodes))
	for _, n := range nodes {
		out = append(out, fmt.Sprintf("%s (server %s)", n.Name, n.ID))
	}
	return strings.Join(out, ", ")
}

// settle looks once more at what bears the name of a new cluster, right before the
// cluster counts as finished, unless the run has listed it a moment ago. Requests of an
// interrupted create may have been carried out since the first look: what they made is
// deleted. If another place has made a cluster of the name meanwhile, or has begun
// earlier, this run deletes its own. Both runs look before they finish and compare the
// same servers, so one of them stays.
func (c claim) settle(ctx context.Context) error {
	r, ref := c.r, c.r.req.ref()
	for {
		if !r.inv.byName.shows(r.inv.frontEnd.ID) {
			nodes, err := c.look(ctx)
			if err != nil {
				return err
			}
			r.inv.byName = lastList{nodes: nodes, at: time.Now()}
		}
		ours, left, strangers := ref.Split(r.inv.byName.nodes)
		if exists := rival(ref.Name, ours, strangers); exists != nil {
			return c.withdraw(ctx, exists)
		}
		if fe, ok := ours.FrontEnd(); ok && fe.ID == r.inv.frontEnd.ID {
			r.inv.frontEnd.Metadata = fe.Metadata
		}
		left = slices.DeleteFunc(left, func(n cluster.Node) bool { return hasID(r.left, n.ID) || hasID(r.going, n.ID) })
		if len(left) == 0 {
			return nil
		}
		c.clean(ctx, left)
		r.inv.byName = lastList{} // what is there now is another question
		if len(r.left) > 0 {
			return nil
		}
	}
}

// look lists the clusters of the name. One list that fails does not cost a cluster that is
// all but finished: it is tried again for a while.
func (c claim) look(ctx context.Context) (cluster.Nodes, error) {
	bounded, cancel := wait.Share(ctx, 4)
	defer cancel()
	pace := wait.NewPoll(2*time.Second, 20*time.Second)
	for range lastLooks - 1 {
		nodes, err := c.namesakes().list(bounded)
		if err == nil {
			return nodes, nil
		}
		c.r.p.opts.Log(ctx, "looking at the cluster's name failed; trying again", "error", err.Error())
		if pace.Wait(bounded) != nil {
			return nil, err
		}
	}
	return c.namesakes().list(bounded)
}

// rival returns the cluster for which a new one of the same name withdraws: a finished
// one, else one whose first server is older, or of the same age with a lesser ID. It is
// nil where the new one stays. One that is being deleted as a whole has withdrawn itself.
func rival(name string, ours, strangers cluster.Nodes) *ExistsError {
	var found *ExistsError
	for _, theirs := range strangers.Clusters() {
		id := theirs[0].ClusterID
		if !slices.ContainsFunc(theirs, func(n cluster.Node) bool { return n.Status != cluster.StatusDeleting }) {
			continue
		}
		if theirs.Finished() {
			return &ExistsError{Name: name, ID: id, Finished: true, Withdrawn: true}
		}
		if compareBeginning(theirs, ours) < 0 {
			found = &ExistsError{Name: name, ID: id, Withdrawn: true}
		}
	}
	return found
}

// compareBeginning orders clusters by the age of their first servers, then by ID. No
// nodes come last.
func compareBeginning(a, b cluster.Nodes) int {
	if len(a) == 0 || len(b) == 0 {
		return len(b) - len(a)
	}
	byAge := func(x, y cluster.Node) int { return x.Created.Compare(y.Created) }
	if c := byAge(slices.MinFunc(a, byAge), slices.MinFunc(b, byAge)); c != 0 {
		return c
	}
	return strings.Compare(a[0].ClusterID, b[0].ClusterID)
}

// withdraw deletes what the run has made and returns the reason.
func (c claim) withdraw(ctx context.Context, exists *ExistsError) error {
	r := c.r
	r.p.opts.Log(ctx, "withdrawing: another cluster has the name", "cluster", exists.Name, "id", exists.ID)
	if err := r.p.Destroy(ctx, cluster.Ref{ID: r.req.Spec.ID, Name: r.req.Spec.Name}, r.inv.nodes()); err != nil {
		return fmt.Errorf("%w; but something of it is left: %w", exists, err)
	}
	r.tally.take(r.inv.batch)
	r.inv.servers, r.inv.batch, r.inv.frontEnd = nil, nil, cluster.Node{}
	r.inv.changed()
	return exists
}
