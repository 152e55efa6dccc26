package provision

import (
	"context"
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// witness sees to it that a worker of a finished cluster bears cluster.MetaReady, beside
// the front-end. A person may delete the front-end and lose the state: then the mark shows
// that the other servers are no leftovers of an interrupted create, which the next create
// of the name would delete. Workers do not bear it from birth: a create call that is
// carried out after the end of its cluster makes a server that has to go.
//
// The worker's other metadata stay as they are in now, a list of this moment; without one
// (nil) they are read: other programs and persons write there, too. A failure costs nothing
// at first; the next change tries again.
func (p *Provisioner) witness(ctx context.Context, d cluster.Document, nodes, now cluster.Nodes) {
	fe, ok := nodes.FrontEnd()
	if !ok || fe.Metadata[cluster.MetaReady] == "" {
		return
	}
	able := slices.DeleteFunc(nodes.Workers(""), func(n cluster.Node) bool { return !d.Enrolled(n) || n.Ending() })
	marked := func(n cluster.Node) bool { return n.Metadata[cluster.MetaReady] != "" }
	if len(able) == 0 || slices.ContainsFunc(able, marked) {
		return
	}
	n := able[0]
	var metadata map[string]string
	var err error
	if i := slices.IndexFunc(now, func(o cluster.Node) bool { return o.ID == n.ID }); i >= 0 {
		metadata = maps.Clone(now[i].Metadata)
	} else {
		metadata, err = p.cloud.Metadata(ctx, n.ID)
	}
	if err == nil {
		metadata[cluster.MetaReady] = "1"
		_, err = p.cloud.SetMetadata(ctx, n.ID, metadata)
	}
	if err != nil {
		p.opts.Log(ctx, "marking a worker of the finished cluster failed; the next change tries again", "node", n.Name, "error", err.Error())
	}
}
