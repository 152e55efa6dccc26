package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// freshReport is how long a report is waited for that was made after the question:
// a front-end at rest looks every 15 s, and for as long after a clear the metadata
// service may refuse what it posts.
const freshReport = 45 * time.Second

// Unjoined returns the view with StatusNotJoined for the workers that the front-end
// has never joined although their servers have been there for as long as patience.
// It costs one call, and more only where there is such a worker. In doubt nobody is
// called so: no newer report, no right to ask for one.
func (p *Provisioner) Unjoined(ctx context.Context, v View, patience time.Duration) View {
	suspects := suspects(v, func(n cluster.Node) bool { return time.Since(n.Created) >= patience })
	fe, _ := v.Nodes.FrontEnd()
	if len(suspects) == 0 {
		return v
	}
	text, err := p.reports(v.Document).read(ctx, fe.ID)
	if err != nil {
		p.opts.Log(ctx, "reading the front-end's report failed; nobody is taken for a worker that never joined", "error", err.Error())
		return v
	}
	report, _, err := cluster.ParseReport(text)
	if err != nil || len(named(v, report, suspects)) == 0 {
		return v
	}
	// The slot keeps what a wait has read last, however old that is.
	report, ok := p.freshReport(ctx, v, fe.ID)
	if !ok {
		return v
	}
	return withUnjoined(v, named(v, report, suspects))
}

// neverJoined finds again whom the caller knew as never joined. A worker that has
// joined since is kept, and so is one about which there is no newer report.
func (r *run) neverJoined(ctx context.Context, v View) View {
	suspects := suspects(v, func(n cluster.Node) bool {
		return slices.ContainsFunc(r.req.Known, func(k cluster.Node) bool { return k.ID == n.ID && k.Status == cluster.StatusNotJoined })
	})
	if len(suspects) == 0 {
		return v
	}
	fe, _ := v.Nodes.FrontEnd()
	report, ok := r.p.freshReport(ctx, v, fe.ID)
	if !ok {
		names := strings.Join(suspects.Names(), ", ")
		r.tally.problems = append(r.tally.problems, Problem{
			Node: suspects[0].Name, Kind: cluster.FaultOther, Heals: true, Summary: "was not made anew",
			Detail: fmt.Sprintf("the front-end has not reported within %s, so nobody can tell whether %s have joined since", freshReport, names),
		})
		return v
	}
	still := named(v, report, suspects)
	r.p.opts.Log(ctx, "workers that never joined", "planned", suspects.Names(), "still", still.Names())
	return withUnjoined(v, still)
}

// suspects are the workers that may have never joined: up in Nova, in the roster
// of a front-end that works, and old enough. A front-end without a metadata service
// can't be asked for a new report.
func suspects(v View, old func(cluster.Node) bool) cluster.Nodes {
	fe, ok := v.Nodes.FrontEnd()
	if !ok || !isActive(fe) || !v.HasDocument || v.Document.WithoutMetadataService() {
		return nil
	}
	return slices.DeleteFunc(v.Nodes.Workers(""), func(n cluster.Node) bool {
		return !isActive(n) || !v.Document.Enrolled(n) || !old(n)
	})
}

// named are those of the suspects that a report calls never joined.
func named(v View, report cluster.Report, suspects cluster.Nodes) cluster.Nodes {
	never, err := cluster.UnfoldNames(v.Document.Name, report.Never)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(suspects), func(n cluster.Node) bool { return !slices.Contains(never, n.Name) })
}

// freshReport clears the slot and waits for a report on the document that was read.
func (p *Provisioner) freshReport(ctx context.Context, v View, frontEnd string) (cluster.Report, bool) {
	way := p.reports(v.Document)
	waiting, cancel := context.WithTimeout(ctx, freshReport)
	defer cancel()
	pace := wait.NewPoll(2*time.Second, 5*time.Second)
	for ask := true; ; {
		if ask {
			if err := way.clear(waiting, frontEnd); err != nil {
				p.opts.Log(ctx, "clearing the front-end's report failed", "error", err.Error())
				return cluster.Report{}, false
			}
		}
		if err := pace.Wait(waiting); err != nil {
			p.opts.Log(ctx, "the front-end has not reported anew", "waited", freshReport.String())
			return cluster.Report{}, false
		}
		text, err := way.read(waiting, frontEnd)
		if err != nil {
			ask = false
			continue
		}
		report, there, err := cluster.ParseReport(text)
		if there && err == nil && report.Generation >= v.Document.Generation {
			return report, true
		}
		ask = there || err != nil // what is older, or no report, keeps the next one out
	}
}

func withUnjoined(v View, unjoined cluster.Nodes) View {
	v.Nodes = slices.Clone(v.Nodes)
	for i, n := range v.Nodes {
		if slices.ContainsFunc(unjoined, func(u cluster.Node) bool { return u.ID == n.ID }) {
			v.Nodes[i].Status = cluster.StatusNotJoined
		}
	}
	return v
}
