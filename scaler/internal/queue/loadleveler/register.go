package loadleveler

import (
	"path"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/adapter"
)

func init() {
	adapter.Register(adapter.Adapter{Traits: Traits(), Judge: Judge, Settings: func() adapter.Settings { return &settings{} }})
}

// settings are what a queue block says of a LoadLeveler cluster.
type settings struct{ bin string }

// Options implements adapter.Settings.
func (s *settings) Options() []option.Option {
	return []option.Option{option.Text("bin", "", &s.bin, nil)}
}

// Problem implements adapter.Settings. Any value of the options is a right one.
func (s *settings) Problem() adapter.Problem { return adapter.Problem{} }

// Local implements adapter.Tooled.
func (s *settings) Local() adapter.Local {
	return adapter.Local{Programs: []string{path.Join(s.bin, "llq"), path.Join(s.bin, "llclass"), path.Join(s.bin, "llstatus")}}
}

// Reader implements adapter.Settings.
func (s *settings) Reader(run command.Runner) queue.Reader {
	return New(Options{Bin: s.bin, Runner: run})
}
