package loadleveler

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
)

// advice is what to do about a failure of LoadLeveler's tools, by words in their messages.
// The first that fits counts. Messages have a number, such as 2539-457; the words are those
// of IBM's messages and of the configuration's files, as far as they are known, and none was
// observed.
var advice = []struct{ words, do string }{
	{"LoadL.cfg", "the tools find no configuration of LoadLeveler: /etc/LoadL.cfg names it; look at it where the tools run"},
	{"LoadL_config", "the tools can't read LoadL_config: look at its path in /etc/LoadL.cfg, and at its permissions"},
	{"LoadL_admin", "the tools can't read LoadL_admin: look at its path in LoadL_config, and at its permissions"},
	{"gethostbyname", "the tools don't know a machine's address: correct CENTRAL_MANAGER_LIST or the machine list in LoadL_admin, or /etc/hosts"},
	{"LoadL_negotiator", "the central manager can't be reached: look whether LoadLeveler runs there (llctl -h HOST start), and at CENTRAL_MANAGER_LIST"},
	{"LoadL_resource_mgr", "the resource manager can't be reached: look whether LoadLeveler runs on its machine (llctl -h HOST start)"},
	{"LoadL_schedd", "a machine that keeps steps can't be reached: look whether LoadLeveler runs there (llctl -h HOST start)"},
	{"annot connect", "the central manager can't be reached: look whether LoadLeveler runs there (llctl -h HOST start), and at CENTRAL_MANAGER_LIST"},
	{"ot authorized", "this account may not see that: LoadL_admin must let it, or run the scaler as an administrator of LoadLeveler (LOADL_ADMIN)"},
	{"ermission denied", "this account may not do that: look at the permissions of LoadLeveler's files where the tools run"},
}

// advised adds to the failure of a tool what to do about it.
func advised(err error) error {
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
		return fmt.Errorf("%w (the central manager hangs, or is on a machine that does not answer)", err)
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist), strings.Contains(failed.Stderr, "not found"):
		return fmt.Errorf("%w (install LoadLeveler's programs, or name their directory with bin in the queue block)", err)
	}
	return err
}
