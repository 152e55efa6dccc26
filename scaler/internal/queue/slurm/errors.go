package slurm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
)

// advice is what to do about a failure of Slurm's tools, by words that they print
// (observed with 22.05 and 24.11). The first that fits counts: a tool prints the cause
// before its consequences.
var advice = []struct{ words, do string }{
	{"Munge encode failed", "munged does not run where the tools run: start munge there (systemctl start munge)"},
	{"Munge decode failed", "the munge keys differ, or a clock is wrong: /etc/munge/munge.key must be the front-end's"},
	{"Could not load SLURM_JWT", "the tools log in by a token, and have none: set token_file in the queue block"},
	{"failed to initialize auth plugin", "the tools can't log in: AuthType in slurm.conf must be one that is installed where they run"},
	{"Protocol authentication error", "slurmctld refuses the login: the token is wrong or has ended (scontrol token makes one), or the keys differ"},
	{"cannot stat file", "the tools have no slurm.conf: set config in the queue block to its path"},
	{"Unable to process configuration file", "the tools can't read slurm.conf: correct it, or set config in the queue block"},
	{"Could not establish a configuration source", "the tools have no slurm.conf: set config in the queue block to its path"},
	{"Unable to contact slurm controller", "slurmctld does not run or can't be reached: look at it on the front-end (systemctl status slurmctld), and at SlurmctldHost in slurm.conf"},
	{"Socket timed out", "slurmctld hangs or is overloaded: look at its log on the front-end"},
	{"Zero Bytes were transmitted", "slurmctld closed the connection: the versions or the clocks differ, or its log says why"},
	{"Access/permission denied", "this account may not see that: PrivateData in slurm.conf hides jobs or nodes from it, so make it an operator or run the scaler as SlurmUser"},
}

// advised adds to the failure of a tool what to do about it.
func advised(err error, o Options) error {
	var failed *command.Error
	if !errors.As(err, &failed) {
		return err
	}
	for _, a := range advice {
		if strings.Contains(failed.Stderr, a.words) {
			return fmt.Errorf("%w (%s)", err, a.do)
		}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w (slurmctld hangs, or is on a machine that does not answer)", err)
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist), strings.Contains(failed.Stderr, "not found"):
		return fmt.Errorf("%w (install Slurm's client programs, or name their directory with bin in the queue block)", err)
	case o.TokenFile != "" && strings.Contains(failed.Stderr, o.TokenFile):
		return fmt.Errorf("%w (correct token_file in the queue block)", err)
	}
	return err
}
