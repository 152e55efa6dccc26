package loop

import (
	"context"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// Memos keeps what outlives a scaler, on the front-end's server.
type Memos interface {
	AddMemo(ctx context.Context, serverID, text string) error
	DropMemo(ctx context.Context, serverID, text string) error
}

const memoTimeout = 30 * time.Second

// recall takes over what another scaler has kept: an earlier one, or the one that
// acts. Who acts knows better.
func (l *Loop) recall(f decide.Facts) {
	fe, ok := f.Cluster.Nodes.FrontEnd()
	if !ok {
		return
	}
	l.kept = slices.Clone(fe.Memos)
	if !l.mine {
		l.memory = l.memory.Recall(f.Cluster.Document, fe.Memos, time.Now())
	}
}

// keep writes down what is to outlive this scaler, and, if all is to be, drops what
// no longer is. Going are servers that are deleted in this round. That it fails does
// no harm before a restart.
func (l *Loop) keep(ctx context.Context, f decide.Facts, going []string, all bool) {
	fe, ok := f.Cluster.Nodes.FrontEnd()
	if l.Memos == nil || l.DryRun || !ok {
		return
	}
	calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), memoTimeout)
	defer cancel()
	calling, release := l.guard(calling)
	defer release()
	wanted := l.memory.Memos(f.Cluster.Document, f.Cluster.Nodes, l.kept, going, time.Now())
	err := l.exchange(calling, fe.ID, wanted, all)
	switch {
	case err == nil && l.forgetful:
		l.Log.Info("what outlives the scaler can be written down again")
	case err != nil && !l.forgetful:
		l.Log.Warn("what outlives the scaler can not be written down; after a restart it would have to learn anew", "error", err)
	}
	l.forgetful = err != nil
}

func (l *Loop) exchange(ctx context.Context, server string, wanted []string, all bool) error {
	for _, text := range wanted {
		if slices.Contains(l.kept, text) {
			continue
		}
		if err := l.Memos.AddMemo(ctx, server, text); err != nil {
			return err
		}
		l.kept = append(l.kept, text)
	}
	if !all {
		return nil
	}
	for _, text := range slices.Clone(l.kept) {
		if slices.Contains(wanted, text) {
			continue
		}
		if err := l.Memos.DropMemo(ctx, server, text); err != nil && !cluster.IsKind(err, cluster.FaultNotFound) {
			return err
		}
		l.kept = slices.DeleteFunc(l.kept, func(k string) bool { return k == text })
	}
	return nil
}

// going returns the servers that a decision deletes.
func going(d decide.Decision) []string {
	ids := []string{}
	for _, steps := range [][]decide.Step{d.Remove, d.Discard} {
		for _, s := range steps {
			if s.Server != "" {
				ids = append(ids, s.Server)
			}
		}
	}
	return ids
}
