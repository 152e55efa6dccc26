package loop

import (
	"context"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// memoTimeout bounds the writing of one round's memos.
const memoTimeout = 30 * time.Second

// recall takes over the memos of another scaler: an earlier one, or the one that
// acts. A scaler that acts knows better than its memos.
func (r *round) recall() {
	fe, ok := r.facts.Cluster.Nodes.FrontEnd()
	if !ok {
		return
	}
	s := &r.state
	s.memos = slices.Clone(fe.Memos)
	if !s.lease.standing.Mine {
		now := s.follow(r.now())
		s.memory = s.memory.Recall(r.facts.Cluster.Document, fe.Memos, now)
	}
}

// keepMemos writes what must outlive this scaler to the front-end, and drops what no
// longer must if drop is set. Going are servers that are deleted in this round. A
// failure does no harm before a restart.
func (r *round) keepMemos(ctx context.Context, going []string, drop bool) {
	f, s := r.facts, &r.state
	fe, ok := f.Cluster.Nodes.FrontEnd()
	if r.Memos == nil || r.DryRun || !ok {
		return
	}
	defer r.times.enter(record.PartMemos)()
	calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), memoTimeout)
	defer cancel()
	calling, release := r.guard(calling)
	defer release()
	wanted := s.memory.Memos(f.Cluster.Document, f.Cluster.Nodes, s.memos, going, r.now())
	err := r.exchange(calling, fe.ID, wanted, drop)
	switch {
	case err == nil && s.warned.end(memosUnkept):
		r.Log.Info("memos can be written to the front-end again")
	case err != nil && s.warned.begin(memosUnkept, ""):
		r.Log.Warn("memos can not be written to the front-end; after a restart the scaler would learn sizes and pauses anew", "error", err)
	}
}

func (r *round) exchange(ctx context.Context, server string, wanted []string, drop bool) error {
	s := &r.state
	for _, text := range wanted {
		if slices.Contains(s.memos, text) {
			continue
		}
		if err := r.Memos.AddMemo(ctx, server, text); err != nil {
			return err
		}
		s.memos = append(s.memos, text)
	}
	if !drop {
		return nil
	}
	for _, text := range slices.Clone(s.memos) {
		if slices.Contains(wanted, text) {
			continue
		}
		if err := r.Memos.DropMemo(ctx, server, text); err != nil && !cluster.IsKind(err, cluster.FaultNotFound) {
			return err
		}
		s.memos = slices.DeleteFunc(s.memos, func(k string) bool { return k == text })
	}
	return nil
}
