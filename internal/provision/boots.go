package provision

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// boots is how far the new servers of a run have come: a batch of workers, and the
// front-end while one is made. It says when the next look at them is due.
type boots struct {
	pace   *wait.Pace
	builds wait.Builds
	due    time.Time
	done   map[string]built // by server ID
	ahead  time.Duration    // how long before Nova's own count ours began, at least
	looked time.Duration    // the last look
	had    int              // workers with an address, at the last look
	moved  time.Duration    // when a look last showed one more of them
	count  counter
}

// built is when a server's build was done: by Nova's clock, counted from its first server's
// creation, and when a look first showed it, counted from the first create call. A busy Nova
// takes half a minute for that call before it notes a creation.
type built struct{ at, seen time.Duration }

// newBoots returns the boots of n servers that were asked for since begun.
func newBoots(begun time.Time, n int, log logFunc) boots {
	b := boots{pace: wait.NewPace(begun, n), done: map[string]built{}, count: counter{log: log}}
	b.due = time.Now().Add(b.pace.Least())
	return b
}

// look takes over what a list shows of the new servers. workers says how many workers
// there are to be, those without a server included; frontEnd whether the front-end is
// among the nodes. Where the workers are waited for to have an address, a forecast says
// when the last one's build begins.
func (b *boots) look(nodes cluster.Nodes, workers int, frontEnd bool, g goal) {
	now := b.pace.Waited()
	b.note(nodes, now)
	var done []time.Duration
	begun, met, active := 0, 0, 0
	for _, n := range nodes {
		if at, ok := b.done[n.ID]; ok {
			done = append(done, min(at.at+b.ahead, at.seen))
		}
		if hasAddress(n) {
			begun++
		}
		if g.met(n) {
			met++
		}
		if isActive(n) {
			active++
		}
	}
	slices.Sort(done)
	of := workers
	if frontEnd {
		of++
	}
	if begun > b.had {
		b.had, b.moved = begun, now
	}
	b.builds.Look(now, of, max(begun, active), done)
	end := b.builds.AllDone()
	if g.begins {
		end = b.builds.AllBegun()
	}
	b.pace.Look(met, end, b.builds.Waves())
	b.due = time.Now().Add(b.pace.Interval(now))
}

// note writes down when builds were done: as Nova says, by its own clock, or when a look
// first showed it. What the look before did not show was done after that.
func (b *boots) note(nodes cluster.Nodes, now time.Duration) {
	var first time.Time
	for _, n := range nodes {
		if first.IsZero() || !n.Created.IsZero() && n.Created.Before(first) {
			first = n.Created
		}
	}
	for _, n := range nodes {
		if _, known := b.done[n.ID]; known || !isActive(n) {
			continue
		}
		b.done[n.ID] = built{now, now}
		if took := n.Launched.Sub(first); !n.Launched.IsZero() && took > 0 {
			b.done[n.ID] = built{took, now}
			b.ahead = max(b.ahead, b.looked-took)
		}
	}
	b.looked = now
}

// begin makes the batch the one that is followed, since begun. Its create calls have been
// answered.
func (v *inventory) begin(begun time.Time) {
	v.boots = newBoots(begun, v.batch.Size(), v.p.opts.Log)
}

// watched returns the new servers, and how many of them are workers that are waited for.
func (v *inventory) watched(g goal) (nodes cluster.Nodes, workers int) {
	_, workers = v.batch.Progress(g.met)
	nodes = v.batch.Nodes()
	if v.makesFrontEnd && v.frontEnd.ID != "" {
		nodes = append(nodes, v.frontEnd)
	}
	return nodes, workers
}

// look waits until the next look at the new servers is due, and takes over what the list
// shows. It reports whether the list could be read; if not, the next look is due soon. The
// error is the context's only.
func (v *inventory) look(ctx context.Context, g goal) (read bool, err error) {
	if err := wait.Sleep(ctx, time.Until(v.due())); err != nil {
		return false, err
	}
	nodes, err := v.list(ctx)
	if err != nil {
		v.boots.due = time.Now().Add(v.boots.pace.Interval(v.boots.pace.Waited()))
		return false, context.Cause(ctx)
	}
	if err := v.batch.Observe(ctx, nodes); err != nil {
		return false, err
	}
	if err := (making{v}).makeWhereRoomIs(ctx); err != nil {
		return false, err
	}
	v.changed()
	fresh, workers := v.watched(g)
	v.boots.look(fresh, workers, v.makesFrontEnd && v.frontEnd.ID != "", g)
	done, n := v.batch.Progress(g.met)
	v.boots.count.say(ctx, "workers "+g.words, done, n)
	return true, nil
}

// due returns when the next look at the new servers is due: for those that wait for room,
// when the servers that take it may be gone.
func (v *inventory) due() time.Time {
	if v.deletion.underWay(every) && v.deletion.due.Before(v.boots.due) && len(v.waiting().Names()) > 0 {
		return v.deletion.due
	}
	return v.boots.due
}

// up reports whether every new worker is ACTIVE or given up.
func (v *inventory) up() bool { return v.batch == nil || v.batch.Every(isActive) }

// lookIfDue is look that does not wait.
func (v *inventory) lookIfDue(ctx context.Context) error {
	if v.up() || time.Now().Before(v.due()) {
		return nil
	}
	_, err := v.look(ctx, beActive)
	return err
}

// goal is what new workers are waited for.
type goal struct {
	met    func(cluster.Node) bool
	words  string // of workers that have met it
	lack   string // of one that has not
	begins bool   // it is met soon after a build begins
	early  bool   // stragglers are not waited for
}

var (
	anAddress = goal{met: hasAddress, words: "with an address", lack: "has no address", begins: true}
	beActive  = goal{met: isActive, words: "active in Nova", lack: "is not active"}
)

func hasAddress(n cluster.Node) bool { return n.Address != "" }
func isActive(n cluster.Node) bool   { return n.Status == cluster.StatusActive }

// counter logs how many of some things are done, each number once.
type counter struct {
	log  logFunc
	last string
}

func (c *counter) say(ctx context.Context, what string, done, all int) {
	line := fmt.Sprintf("%s: %d of %d", what, done, all)
	if line != c.last && all > 0 {
		c.last = line
		c.log(ctx, line)
	}
}

// waitBatch reads the list until every new worker has met the goal, for at most
// 1/parts of the time left. A worker that has not by then is a problem of the batch.
func (v *inventory) waitBatch(ctx context.Context, g goal, parts int) error {
	waiting, cancel := wait.Share(ctx, parts)
	defer cancel()
	for !v.batch.Every(g.met) {
		if g.early && v.restComesLater(g) {
			return nil
		}
		if _, err := v.look(waiting, g); err != nil {
			break
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	v.reportUnmet(ctx, g)
	return nil
}

// reportUnmet adds a problem for each new worker that has not met the goal.
func (v *inventory) reportUnmet(ctx context.Context, g goal) {
	b := v.batch
	for _, name := range v.waiting().Names() {
		b.GiveUp(name, cluster.Problem{Kind: cluster.FaultQuota, Summary: "was not created",
			Detail: "the cloud had no room for it, and servers whose deletion would make some were still there when the time was over"})
	}
	known := b.Problems.All()
	for _, n := range b.Nodes() {
		if !g.met(n) && !slices.ContainsFunc(known, func(p cluster.Problem) bool { return p.Node == n.Name }) {
			b.Problems.Add(cluster.Problem{
				Node: n.Name, Kind: cluster.FaultOther, Summary: g.lack + " within the time given", Heals: n.Address == "",
				Detail: "Nova shows it as " + string(n.Status), Console: v.p.maker().Console(ctx, n.ID),
			})
		}
	}
}

// inTurn reports whether some builds are done and the last one is foreseen to begin a good
// while from now: the cloud builds fewer servers side by side than were asked for.
func (b *boots) inTurn() bool {
	now := b.pace.Waited()
	return b.builds.AllBegun()-now > max(turnLeast, now/5)
}

const (
	turnLeast     = 5 * time.Second // until the last build begins: less is not worth a later write
	crowd         = 50              // new workers from which on the first with an address are enough for the front-end to be asked for
	straggle      = 1.5             // times as long as the others have taken is far slower
	straggleLeast = 15 * time.Second
)

// restComesLater reports whether the workers that have not met the goal are those that
// wait for their turn, the rest of many, those that came to ERROR and are built once more,
// or a few that are far slower than the others, which are all built.
func (v *inventory) restComesLater(g goal) bool {
	slow, built, met := 0, true, 0
	for _, n := range v.batch.Nodes() {
		switch {
		case g.met(n):
			met++
			built = built && isActive(n)
		case !batch.Rebuilt(v.batch, n.Name):
			slow++
		}
	}
	if met+slow == 0 && v.frees && len(v.waiting().Names()) > 0 {
		return true // there is no room before the victims are drained and gone
	}
	if met == 0 || slow == 0 {
		return met > 0
	}
	if v.boots.inTurn() || met+slow >= crowd {
		return true
	}
	late := v.boots.pace.Waited() > time.Duration(straggle*float64(v.boots.moved))+straggleLeast
	return built && late && slow <= max(1, (met+slow)/10)
}
