package slurm

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

// settings are what a queue block says of a Slurm cluster.
type settings struct {
	bin       string
	config    string
	tokenFile string
}

// Options implements adapter.Settings.
func (s *settings) Options() []option.Option {
	return []option.Option{
		option.Text("bin", "", &s.bin, nil),
		option.Text("config", "", &s.config, nil),
		option.Text("token_file", "", &s.tokenFile, nil),
	}
}

// Problem implements adapter.Settings.
func (s *settings) Problem() adapter.Problem {
	if s.tokenFile == "" || s.config != "" {
		return adapter.Problem{}
	}
	return adapter.Problem{
		Summary: "Missing config",
		Detail:  "token_file makes Slurm's tools log in by a token, which needs AuthType=auth/jwt; set config to a slurm.conf that says so.",
	}
}

// Local implements adapter.Tooled.
func (s *settings) Local() adapter.Local {
	return adapter.Local{Programs: []string{path.Join(s.bin, "squeue"), path.Join(s.bin, "scontrol")}, Tokens: s.tokenFile, TokensOption: "token_file"}
}

// Reader implements adapter.Settings.
func (s *settings) Reader(run command.Runner) queue.Reader {
	return New(Options{Bin: s.bin, Config: s.config, TokenFile: s.tokenFile, Runner: run})
}
