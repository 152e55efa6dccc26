package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// How often a change of the document is computed again after another writer's.
const documentTries = 5

// writePause comes before a write is tried again whose outcome was unknown and
// that turned out not to have been carried out; it doubles with each try.
const writePause = time.Second

// errNoChange is returned by a change that finds nothing to do.
var errNoChange = errors.New("nothing to change")

// newDocument writes down what a spec says, with an empty roster.
func newDocument(s cluster.Spec, ca string, generation int64) cluster.Document {
	d := cluster.Document{ID: s.ID, Name: s.Name, CA: ca, Generation: generation}
	d.FrontEnd.Name = cluster.FrontEndName(s.Name)
	describe(&d, s)
	return d
}

// describe brings the document's description of nodes to come up to the spec.
// It reports whether that changed anything.
func describe(d *cluster.Document, s cluster.Spec) bool {
	before := *d
	d.LoginUser, d.LoginUID = s.LoginUser, s.LoginUID
	d.KeyPair, d.OperatorKey = s.KeyPair, s.OperatorKey
	d.BatchSystem = s.BatchSystem
	d.Coordinator = ""
	if s.Coordinator == cluster.CoordinatorLastWorker {
		d.Coordinator = s.Coordinator
	}
	// The front-end's own cloud_config and files would take the room that the
	// roster needs; a group's are there because the scaler makes workers from them.
	frontEnd := s.FrontEnd
	frontEnd.CloudConfig, frontEnd.Files = "", nil
	d.FrontEndAs = &frontEnd
	d.Groups = make(map[string]cluster.GroupSpec, len(s.Groups))
	for name, g := range s.Groups {
		g.Retire = nil
		if g.Scaling != nil {
			g.Count = 0 // the number is no part of the description
		}
		d.Groups[name] = g
	}
	return !sameJSON(before, *d) // as written: nil and empty are the same there
}

func sameJSON(a, b cluster.Document) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// changeDocument reads the front-end's document afresh, lets change alter it,
// and writes it back whole. Nova has no compare-and-swap: the set is read again
// after the write, and when another writer came between, the change is computed
// anew from what is there. change increases the generation itself where the
// roster changes; errNoChange from it leaves everything as it is.
func (p *Provisioner) changeDocument(ctx context.Context, frontEnd string, extra map[string]string, change func(*cluster.Document) error) (cluster.Document, error) {
	metadata, err := p.cloud.Metadata(ctx, frontEnd)
	if err != nil {
		return cluster.Document{}, fmt.Errorf("read the cluster document: %w", err)
	}
	return p.changeFrom(ctx, frontEnd, metadata, extra, change)
}

// changeFrom is changeDocument for a caller that has just read the metadata.
//
// A write that ends in a 5xx, a broken connection or no answer may have been
// carried out, and another writer may have changed the document since. So it is
// never sent again blindly: the set is read back as after any write, and the
// change is computed from what is there, unless that is what was written.
func (p *Provisioner) changeFrom(ctx context.Context, frontEnd string, metadata, extra map[string]string, change func(*cluster.Document) error) (cluster.Document, error) {
	failure := cluster.ErrDocumentConflict
	for try := range documentTries {
		doc, next, err := changed(metadata, extra, change)
		if errors.Is(err, errNoChange) {
			return doc, nil
		}
		if err != nil {
			return cluster.Document{}, err
		}
		var done bool
		if metadata, done, failure = p.write(ctx, frontEnd, next); done {
			return doc, nil
		}
		switch {
		case metadata == nil:
			return cluster.Document{}, failure
		case errors.Is(failure, cluster.ErrDocumentConflict):
			p.opts.Log(ctx, "the cluster document was changed by another writer; trying again")
		case sleep(ctx, writePause<<try) != nil: // the cloud is in trouble
			return cluster.Document{}, failure
		}
	}
	return cluster.Document{}, failure
}

// write replaces the front-end's metadata and reads it back. It returns the set
// that is there now and whether that is next; if not, the error says why: another
// writer's conflict, or a write whose outcome was unknown. The set is nil where
// the write was refused or the metadata can't be read.
func (p *Provisioner) write(ctx context.Context, frontEnd string, next map[string]string) (metadata map[string]string, done bool, err error) {
	_, unclear := p.cloud.SetMetadata(ctx, frontEnd, next)
	if unclear != nil {
		unclear = fmt.Errorf("write the cluster document: %w", unclear)
		if !cluster.IsKind(unclear, cluster.FaultUnavailable) || ctx.Err() != nil {
			return nil, false, unclear
		}
		p.opts.Log(ctx, "the outcome of writing the cluster document is unknown; reading it back", "error", unclear.Error())
	}
	metadata, err = p.cloud.Metadata(ctx, frontEnd)
	switch {
	case err != nil && unclear != nil:
		return nil, false, unclear
	case err != nil:
		return nil, false, fmt.Errorf("read the cluster document back: %w", err)
	case reflect.DeepEqual(metadata, next):
		return metadata, true, nil
	case unclear != nil:
		return metadata, false, unclear
	}
	return metadata, false, cluster.ErrDocumentConflict
}

// changed computes a document and the metadata that holds it.
func changed(metadata, extra map[string]string, change func(*cluster.Document) error) (cluster.Document, map[string]string, error) {
	doc, err := cluster.DecodeDocument(metadata)
	if err != nil {
		return cluster.Document{}, nil, err
	}
	doc = doc.Clone()
	if err := change(&doc); err != nil {
		return doc, nil, err
	}
	items, err := doc.Encode()
	if err != nil {
		return cluster.Document{}, nil, err
	}
	next := cluster.WithDocument(metadata, items)
	maps.Copy(next, extra)
	return doc, next, nil
}

// finishFirst writes what a create writes when it is through. Where the roster has
// changed since the front-end was made it is changeFrom; else nothing that anybody
// waits for is in it, and it is not read back: what another writer's stale copy may
// take away again, the next apply writes.
func (p *Provisioner) finishFirst(ctx context.Context, frontEnd string, metadata, extra map[string]string, change func(*cluster.Document) error) (cluster.Document, error) {
	before, err := cluster.DecodeDocument(metadata)
	if err != nil {
		return cluster.Document{}, err
	}
	doc, next, err := changed(metadata, extra, change)
	if err != nil {
		return cluster.Document{}, err
	}
	if doc.Generation > before.Generation {
		return p.changeFrom(ctx, frontEnd, metadata, extra, change)
	}
	_, err = p.cloud.SetMetadata(ctx, frontEnd, next)
	switch {
	case cluster.IsKind(err, cluster.FaultUnavailable) && ctx.Err() == nil:
		return p.changeDocument(ctx, frontEnd, extra, change) // it may have been written or not
	case err != nil:
		return cluster.Document{}, fmt.Errorf("write the cluster document: %w", err)
	}
	return doc, nil
}
