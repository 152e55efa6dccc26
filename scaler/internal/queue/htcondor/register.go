package htcondor

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

// settings are what a queue block says of a pool.
type settings struct {
	pool           string
	schedds        []string
	bin            string
	tokenDirectory string
	otherAddresses bool
}

// Options implements adapter.Settings.
func (s *settings) Options() []option.Option {
	return []option.Option{
		option.Text("pool", "", &s.pool, option.OneWord),
		option.Words("schedds", &s.schedds, option.OneWord),
		option.Text("bin", "", &s.bin, nil),
		option.Text("token_directory", "", &s.tokenDirectory, nil),
		option.Boolean("other_addresses", "false", &s.otherAddresses),
	}
}

// Problem implements adapter.Settings.
func (s *settings) Problem() adapter.Problem {
	if s.tokenDirectory == "" || s.pool != "" {
		return adapter.Problem{}
	}
	return adapter.Problem{
		Summary: "Missing pool",
		Detail:  "token_directory makes HTCondor's tools run without a configuration file; set pool to the central manager's name.",
	}
}

// Local implements adapter.Tooled.
func (s *settings) Local() adapter.Local {
	return adapter.Local{Programs: []string{path.Join(s.bin, "condor_q"), path.Join(s.bin, "condor_status")}, Tokens: s.tokenDirectory, TokensOption: "token_directory"}
}

// Reader implements adapter.Settings.
func (s *settings) Reader(run command.Runner) queue.Reader {
	return New(Options{Pool: s.pool, Schedds: s.schedds, Bin: s.bin, TokenDirectory: s.tokenDirectory, OtherAddresses: s.otherAddresses, Runner: run})
}
