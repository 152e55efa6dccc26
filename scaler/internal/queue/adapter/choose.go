package adapter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Auto is the label of a queue block that follows the cluster's batch system, as no queue
// block does.
const Auto = "auto"

// noSystem is the batch system of a cluster that runs none, in the cluster document.
const noSystem = string(cluster.BatchNone)

// Named returns the reader of a queue block that names an adapter. It reads clusters that
// run this batch system, and no others. A cluster whose document names none is taken for
// one of them.
func Named(name string, settings Settings, run command.Runner) queue.Chooser {
	return named{name: name, Reader: queue.Cleaned(settings.Reader(run))}
}

type named struct {
	name string
	queue.Reader
}

// Bare returns the reader of the adapter.
func (n named) Bare() queue.Reader { return n.Reader }

// For implements queue.Chooser.
func (n named) For(system string) (queue.Reader, error) {
	if a, _ := Find(n.name); system == n.name || system == "" || a.AnyCluster {
		return n.Reader, nil
	}
	if system == noSystem {
		return nil, fmt.Errorf("the configuration has queue %q, and the cluster has batch_system = { type = %q }: %s", n.name, system, forAny())
	}
	return nil, fmt.Errorf("the configuration has queue %q, and the cluster runs %s: leave the queue block out, or write the one of %s", n.name, system, system)
}

// Following returns the reader of a configuration that follows the cluster's batch system.
// Each batch system is read with the settings that an empty queue block has.
func Following(run command.Runner) queue.Chooser {
	return &following{run: run, readers: map[string]queue.Reader{}}
}

type following struct {
	run     command.Runner
	mu      sync.Mutex
	readers map[string]queue.Reader // those that were made, by the batch system
}

// Read implements queue.Reader. It always fails: which batch system the cluster runs is
// known to For alone.
func (*following) Read(context.Context) (queue.Snapshot, error) {
	return queue.Snapshot{}, errors.New("it is not known which batch system the cluster runs")
}

// For implements queue.Chooser.
func (f *following) For(system string) (queue.Reader, error) {
	a, err := Of(system)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.readers[system] == nil {
		f.readers[system] = queue.Cleaned(Standard(a).Reader(f.run))
	}
	return f.readers[system], nil
}

// Of returns the adapter of the batch system that a cluster runs, by its name in the
// cluster document.
func Of(system string) (Adapter, error) {
	if system == noSystem {
		return Adapter{}, fmt.Errorf("the cluster has batch_system = { type = %q }, so there is no queue to follow: %s", system, forAny())
	}
	a, known := Find(system)
	if !known || a.AnyCluster {
		return Adapter{}, fmt.Errorf("the cluster runs %q, and this scaler reads %s: use a newer scaler, or %s", system, strings.Join(systems(), ", "), forAny())
	}
	return a, nil
}

// Standard returns the settings of an adapter as an empty queue block has them.
func Standard(a Adapter) Settings {
	s := a.Settings()
	option.SetDefaults(s.Options())
	return s
}

// systems returns the names of the batch systems that have an adapter.
func systems() []string {
	return slices.DeleteFunc(Names(), func(name string) bool { return adapters[name].AnyCluster })
}

// forAny says what to write for a cluster with a batch system that has no adapter.
func forAny() string {
	for _, name := range Names() {
		if adapters[name].AnyCluster {
			return fmt.Sprintf("write queue %q with what prints the queue", name)
		}
	}
	return "this scaler has no adapter for other batch systems"
}
