package provision

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
)

// Enrol writes all workers of a reading that are ready and in no roster into the document,
// whichever process made them, and returns their names. All of them together cost one
// write and one generation; none of them, no call. An entry that another writer has
// changed since the reading stays. Workers for which the document has no room cost no
// others anything: the error is then a *roster.NoRoomError beside the names. Where the
// front-end does not read its document itself, the error is ErrGrowsByTerraform.
func (p Steps) Enrol(ctx context.Context, v cluster.View) ([]string, error) {
	fe, ok := v.Nodes.FrontEnd()
	switch {
	case !ok || !v.HasDocument:
		return nil, fmt.Errorf("enrol workers: %w", ErrNoFrontEnd)
	case v.Document.WithoutMetadataService():
		return nil, fmt.Errorf("enrol workers: %w", ErrGrowsByTerraform)
	}
	before := v.Document.Clone()
	if len(roster.Enrol(&before, v.Nodes, time.Now())) == 0 {
		return nil, nil
	}
	report := p.reporter().keys(ctx, v.Document, fe)
	var added []cluster.Member
	var noRoom error
	doc, err := p.store(fe.ID).Change(ctx, nil, func(d *cluster.Document) error {
		joined := func() map[string]bool { return p.reporter().joined(ctx, *d, fe) }
		added, noRoom = roster.WithRoom(d, unchangedSince(v, *d), joined, func(d *cluster.Document, nodes cluster.Nodes) []cluster.Member {
			roster.TakeKeys(d, fe, report)
			added := roster.Enrol(d, nodes, time.Now())
			d.Generation++
			return added
		})
		if len(added) == 0 {
			return roster.ErrNoChange
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("enrol workers: %w", err)
	}
	names := make([]string, 0, len(added))
	for _, m := range added {
		names = append(names, m.Name)
	}
	if len(names) > 0 {
		p.opts.Log(ctx, "enrolled workers", "nodes", names)
		p.witness(ctx, doc, v.Nodes, nil)
	}
	if noRoom != nil {
		return names, fmt.Errorf("enrol workers: %w", noRoom)
	}
	return names, nil
}

// unchangedSince returns the servers of a reading whose names have the same entry in a
// newer document. Of the others the reading knows too little: the entry may be that of a
// server that was made since.
func unchangedSince(v cluster.View, now cluster.Document) cluster.Nodes {
	then, entries := membersByName(v.Document), membersByName(now)
	return slices.DeleteFunc(slices.Clone(v.Nodes), func(n cluster.Node) bool {
		a, b := then[n.Name], entries[n.Name]
		return a.Address != b.Address || a.Batch != b.Batch
	})
}

func membersByName(d cluster.Document) map[string]cluster.Member {
	out := make(map[string]cluster.Member, len(d.Workers))
	for _, m := range d.Workers {
		out[m.Name] = m
	}
	return out
}
