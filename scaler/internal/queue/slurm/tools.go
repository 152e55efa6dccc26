package slurm

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"path"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Options say how Slurm's tools are run.
type Options struct {
	Bin       string // directory of squeue and scontrol; "" means the search path
	Config    string // path of slurm.conf; "" means the tools' own
	TokenFile string // file with a token, as scontrol token prints it; "": munge or Slurm's key
	Runner    command.Runner
}

// Reader reads one Slurm cluster.
type Reader struct {
	o Options
	// mark returns what ends each record of squeue's output: text that no user can know
	// when a job is submitted.
	mark func() string
}

// New returns a Reader.
func New(o Options) *Reader { return &Reader{o: o, mark: randomMark} }

var (
	_ queue.Reader = (*Reader)(nil)
	_ queue.Finder = (*Reader)(nil)
)

func randomMark() string {
	var raw [8]byte
	_, _ = rand.Read(raw[:]) // never fails
	return hex.EncodeToString(raw[:])
}

// environment makes the tools print what does not depend on settings of an account: times
// in seconds since 1970, and lists of an array's tasks whole.
var environment = []string{"SLURM_TIME_FORMAT=%s", "SLURM_BITSTR_LEN=0"}

// inherited are the variables by which the tools find their configuration and a login.
var inherited = []string{"SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT"}

// withToken runs a command with the token of a file. The token is in no argument, where
// other accounts could see it. A file may hold the token alone or as NAME=TOKEN.
const withToken = `IFS= read -r token <"$1" || [ -n "$token" ] || exit 1; SLURM_JWT=${token#SLURM_JWT=}; export SLURM_JWT; shift; exec "$@"` //nolint:gosec // no token is in it

// run runs a tool. An error says what to do about it.
func (r *Reader) run(ctx context.Context, tool string, args []string, consume func(io.Reader) error) error {
	c := command.Command{Name: path.Join(r.o.Bin, tool), Args: args, Env: environment, Inherit: inherited}
	if r.o.Config != "" {
		c.Env = append(c.Env[:len(c.Env):len(c.Env)], "SLURM_CONF="+r.o.Config)
	}
	if r.o.TokenFile != "" {
		c.Args = append([]string{"-c", withToken, "sh", r.o.TokenFile, c.Name}, args...)
		c.Name = "sh"
	}
	return advised(r.o.Runner.Run(ctx, c, consume), r.o)
}

// scontrol runs one of scontrol's listings, one line for each entry.
func (r *Reader) scontrol(ctx context.Context, consume func(io.Reader) error, what ...string) error {
	if err := r.run(ctx, "scontrol", append([]string{"-a", "-d", "-o"}, what...), consume); err != nil {
		return fmt.Errorf("%s: %w", "scontrol "+what[len(what)-1], err)
	}
	return nil
}
