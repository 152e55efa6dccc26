package roster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// Tries is how often a change of the document is computed again after another
// writer's.
const Tries = 5

// writePause comes before a write is tried again whose outcome was unknown and
// that turned out not to have been carried out; it doubles with each try.
const writePause = time.Second

// ErrNoChange is returned by a Change that finds nothing to do.
var ErrNoChange = errors.New("nothing to change")

// Metadata is what a Store needs of the cloud. Errors are *cluster.CloudError.
type Metadata interface {
	// Metadata reads the server's whole metadata.
	Metadata(ctx context.Context, id string) (map[string]string, error)

	// SetMetadata replaces the server's whole metadata and returns the set that the
	// cloud then holds. After an error of kind FaultUnavailable the set may have been
	// written or not.
	SetMetadata(ctx context.Context, id string, metadata map[string]string) (map[string]string, error)
}

// Change alters a document. It increases the generation itself where the roster
// changes. ErrNoChange leaves everything as it is; any other error ends the write.
type Change func(*cluster.Document) error

// Store is the document in the metadata of one front-end.
type Store struct {
	Cloud    Metadata
	FrontEnd string // server ID
	Log      func(ctx context.Context, msg string, kv ...any)
}

// Change reads the document afresh, lets change alter it, and writes it back
// whole, with the items of extra beside it. It returns the document that the cloud
// then holds.
//
// Nova has no compare-and-swap. Therefore the set is read again after the write,
// and where another writer came between, the change is computed anew from what is
// there. The same holds for a write that ends in a 5xx, a broken connection or no
// answer: it may have been carried out, and it is never sent again blindly. After
// Tries of them the error is cluster.ErrDocumentConflict or the cloud's last one.
func (s Store) Change(ctx context.Context, extra map[string]string, change Change) (cluster.Document, error) {
	metadata, err := s.Cloud.Metadata(ctx, s.FrontEnd)
	if err != nil {
		return cluster.Document{}, fmt.Errorf("read the cluster document: %w", err)
	}
	return s.ChangeFrom(ctx, metadata, extra, change)
}

// ChangeFrom is Change from metadata that were read a moment ago.
func (s Store) ChangeFrom(ctx context.Context, metadata, extra map[string]string, change Change) (cluster.Document, error) {
	failure := cluster.ErrDocumentConflict
	for try := range Tries {
		doc, next, err := apply(metadata, extra, change)
		if errors.Is(err, ErrNoChange) {
			return doc, nil
		}
		if err != nil {
			return cluster.Document{}, err
		}
		var done bool
		if metadata, done, failure = s.write(ctx, next); done {
			return doc, nil
		}
		switch {
		case metadata == nil:
			return cluster.Document{}, failure
		case errors.Is(failure, cluster.ErrDocumentConflict):
			s.Log(ctx, "the cluster document was changed by another writer; trying again")
		case try < Tries-1: // the cloud is in trouble
			if metadata, err = s.readLater(ctx, writePause<<try); err != nil {
				return cluster.Document{}, failure
			}
		}
	}
	return cluster.Document{}, failure
}

// readLater reads the metadata after a pause: during the pause another writer may
// have changed them, and the cloud may have carried out a write that it did not
// confirm.
func (s Store) readLater(ctx context.Context, pause time.Duration) (map[string]string, error) {
	if err := wait.Sleep(ctx, pause); err != nil {
		return nil, err
	}
	return s.Cloud.Metadata(ctx, s.FrontEnd)
}

// write replaces the front-end's metadata and reads it back. It returns the set
// that is there now and whether that is next; if not, the error says why: another
// writer's conflict, or a write whose outcome was unknown. The set is nil where
// the write was refused or the metadata can't be read.
func (s Store) write(ctx context.Context, next map[string]string) (metadata map[string]string, done bool, err error) {
	_, unclear := s.Cloud.SetMetadata(ctx, s.FrontEnd, next)
	if unclear != nil {
		unclear = fmt.Errorf("write the cluster document: %w", unclear)
		if !cluster.IsKind(unclear, cluster.FaultUnavailable) || ctx.Err() != nil {
			return nil, false, unclear
		}
		s.Log(ctx, "the outcome of writing the cluster document is unknown; reading it back", "error", unclear.Error())
	}
	metadata, err = s.Cloud.Metadata(ctx, s.FrontEnd)
	switch {
	case err != nil && unclear != nil:
		return nil, false, unclear
	case err != nil:
		return nil, false, fmt.Errorf("read the cluster document back: %w", err)
	case maps.Equal(metadata, next):
		return metadata, true, nil
	case unclear != nil:
		return metadata, false, unclear
	}
	return metadata, false, cluster.ErrDocumentConflict
}

// apply computes a document and the metadata that holds it.
func apply(metadata, extra map[string]string, change Change) (cluster.Document, map[string]string, error) {
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

// Finish writes what a create writes last, from metadata that were read a moment
// ago. Where the change increases the generation it is Change. Otherwise no reader
// waits for what is written, and it is not read back: what another writer's stale
// copy may take away again, the next apply writes.
func (s Store) Finish(ctx context.Context, metadata, extra map[string]string, change Change) (cluster.Document, error) {
	before, err := cluster.DecodeDocument(metadata)
	if err != nil {
		return cluster.Document{}, err
	}
	doc, next, err := apply(metadata, extra, change)
	if err != nil {
		return cluster.Document{}, err
	}
	if doc.Generation > before.Generation {
		return s.ChangeFrom(ctx, metadata, extra, change)
	}
	_, err = s.Cloud.SetMetadata(ctx, s.FrontEnd, next)
	switch {
	case cluster.IsKind(err, cluster.FaultUnavailable) && ctx.Err() == nil:
		return s.Change(ctx, extra, change) // it may have been written or not
	case err != nil:
		return cluster.Document{}, fmt.Errorf("write the cluster document: %w", err)
	}
	return doc, nil
}

// Forget is Change that removes the members for which gone is true.
func (s Store) Forget(ctx context.Context, gone func(cluster.Member) bool) (cluster.Document, error) {
	return s.changeRoster(ctx, func(d *cluster.Document) bool { return Forget(d, gone) })
}

// SetLeaving is Change that marks each member as want says.
func (s Store) SetLeaving(ctx context.Context, want func(cluster.Member) cluster.Leaving) (cluster.Document, error) {
	return s.changeRoster(ctx, func(d *cluster.Document) bool { return SetLeaving(d, want) })
}

func (s Store) changeRoster(ctx context.Context, edit func(*cluster.Document) bool) (cluster.Document, error) {
	return s.Change(ctx, nil, func(d *cluster.Document) error {
		if !edit(d) {
			return ErrNoChange
		}
		d.Generation++
		return nil
	})
}
