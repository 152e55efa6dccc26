//go:build unix

package progress

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// terminal returns the terminal at which Terraform runs, and a function that reports
// whether a line may be written there now; nil where there is none. byDefault asks also
// whether a person reads Terraform's own output there.
func terminal(byDefault bool) (io.WriteCloser, func() bool) {
	if byDefault && !parentWritesToTerminal() {
		return nil, nil
	}
	tty, err := os.OpenFile("/dev/tty", os.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil
	}
	// A process in the background that writes may be stopped (stty tostop).
	return tty, func() bool {
		group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
		return err == nil && group == unix.Getpgrp()
	}
}

// parentWritesToTerminal reports whether the standard output of Terraform, which
// started this process, is a terminal. Where the system does not show that, it is taken
// for one.
func parentWritesToTerminal() bool {
	target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/1", os.Getppid()))
	return err != nil || strings.HasPrefix(target, "/dev/pts/") || strings.HasPrefix(target, "/dev/tty") || target == "/dev/console"
}
