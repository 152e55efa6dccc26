package loop

import (
	"context"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// Project is the cloud's project that the cluster is in, with its flavors.
type Project interface {
	// Room is what its quota leaves, others' servers counted.
	Room(ctx context.Context) (decide.Room, error)
	// Size is what a server of the flavor takes of it. It is asked in every round, so
	// an implementation should ask the cloud once a flavor.
	Size(ctx context.Context, flavorID string) (decide.Size, error)
}

// room reads the quota. A cloud that does not tell it refuses what is too much.
func (l *Loop) room(ctx context.Context) decide.Room {
	if l.Project == nil {
		return decide.Room{}
	}
	room, err := l.Project.Room(ctx)
	if err != nil {
		if !l.blind {
			l.Log.Warn("the quota can not be read, and is not looked at until it can", "error", err)
		}
		l.blind = true
		return decide.Room{}
	}
	if l.blind {
		l.Log.Info("the quota can be read again")
	}
	l.blind = false
	return room
}

// size returns what a server of the group's flavor takes of the quota. Without it
// the group waits for a worker in the pool, and the decision says so.
func (l *Loop) size(ctx context.Context, group, flavor string) (size decide.Size, known bool) {
	if l.Project == nil {
		return decide.Size{}, false
	}
	size, err := l.Project.Size(ctx, flavor)
	if err != nil {
		l.Log.Warn("the size of a group's flavor is not known", "group", group, "flavor", flavor, "error", err)
	}
	return size, err == nil
}

// alarm logs once that nothing is done, and once that it is over.
func (l *Loop) alarm(why string) {
	switch {
	case why != "" && !l.stopped:
		l.Log.Error("stopped: " + why)
	case why == "" && l.stopped:
		l.Log.Info("going on: most workers are well again")
	}
	l.stopped = why != ""
}
