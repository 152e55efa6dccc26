// Package adapter is where the adapters of batch systems register. The rest of the
// scaler finds them by name and knows none of them.
package adapter

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Adapter is how the scaler reads one batch system. Its name is Traits.System: the
// label of the configuration's queue block.
type Adapter struct {
	Traits   queue.Traits
	Judge    queue.Judge
	Settings func() Settings // returns a new value

	// AnyCluster says that the adapter is of no batch system in particular: its queue
	// block may stand for any cluster, also for one without a batch system of its own.
	AnyCluster bool
}

// Settings are what the queue block of one batch system says, beside what all of
// them say.
type Settings interface {
	// Options returns the options of the block. Their values go into the receiver.
	Options() []option.Option
	// Problem returns what is wrong with the options as a whole; the zero value if
	// nothing is.
	Problem() Problem
	// Reader returns the reader of the batch system, which runs its tools by run.
	// It is a queue.Finder as well if single jobs can be found.
	Reader(run command.Runner) queue.Reader
}

// Local is what the tools of a queue block need on the machine where they run.
type Local struct {
	Programs     []string // names or paths
	Correct      string   // the option of the block that says where they are; "": bin
	Tokens       string   // folder of tokens, or a file with one; "": none is named
	TokensOption string   // the option of the block that names it
}

// Tooled are Settings that name what their tools need.
type Tooled interface{ Local() Local }

// Problem is what is wrong with a queue block.
type Problem struct {
	Summary string // "Missing pool"
	Detail  string // a sentence that says what to write
}

var adapters = map[string]Adapter{}

// Register makes an adapter known. It is called before main begins.
func Register(a Adapter) {
	name := a.Traits.System
	if _, twice := adapters[name]; twice || name == "" || name == Auto {
		panic(fmt.Sprintf("adapter: %q is registered twice, or has no name of its own", name))
	}
	adapters[name] = a
	queue.RegisterJudge(name, a.Judge)
}

// Find returns the adapter of a name.
func Find(name string) (Adapter, bool) {
	a, ok := adapters[name]
	return a, ok
}

// Names returns the names of all adapters, in order.
func Names() []string { return slices.Sorted(maps.Keys(adapters)) }
