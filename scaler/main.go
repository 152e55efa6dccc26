// Vmcluster-scaler reads a cluster's batch queue and adds and removes workers.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
)

// version is the release, which the linker sets.
var version = "dev"

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // something could not be read or done
	exitUsage  = 2 // arguments or configuration
	exitActed  = 3 // with --detailed-exitcode: something was done, or would be
)

// memoryLimit is the size in bytes above which the runtime collects garbage more often,
// because the machine has other work. GOMEMLIMIT sets another limit.
const memoryLimit = 64 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	status := exitOK
	root := commandLine(func(o order) { status = perform(ctx, o, stdout, stderr) })
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(longOptions(args))
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(stderr, "vmcluster-scaler:", err)
		return exitUsage
	}
	return status
}

// order is a verb with the options and arguments that were given with it.
type order struct {
	verb     string
	file     string // of the configuration
	subject  string // of explain
	wait     bool
	watch    bool
	json     bool
	detailed bool // exit status

	accessRules bool // in place of the status
	syntax      bool // validate looks at the file alone
}

// perform carries out an order; it returns the exit status.
func perform(ctx context.Context, o order, stdout, stderr io.Writer) int {
	c, err := config.Load(o.file)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	switch o.verb {
	case "validate":
		return validate(o, c, stdout, stderr)
	case "doctor":
		return examine(ctx, o, c, stdout, stderr)
	}
	return act(ctx, o, c, stdout, stderr)
}

func versionText() string {
	if info, ok := debug.ReadBuildInfo(); ok && version == "dev" && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return version
}
