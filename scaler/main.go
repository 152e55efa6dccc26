// Vmcluster-scaler reads a cluster's batch queue and adds and removes workers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
)

// version is set by the linker in a release.
var version = "dev"

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // something could not be read or done
	exitUsage  = 2 // arguments or configuration
)

const usage = `vmcluster-scaler adds and removes a cluster's workers as its batch queue needs them.

usage: vmcluster-scaler VERB [--config scaler.hcl]

  run        watch the queue and act, until SIGINT or SIGTERM
  once       watch for one hold time, act at most once, exit
  plan       print what would be done now, and why; touch nothing
             (--wait: watch for one hold time first; --json: as a record)
  status     --access-rules: print the rules that an application credential needs
  validate   check the configuration file
  version    print the version

exit status: 0 done, or nothing to do; 1 something could not be read or done;
2 wrong arguments or configuration.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	verb := args[0]
	flags := flag.NewFlagSet("vmcluster-scaler "+verb, flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("config", "scaler.hcl", "configuration `file`")
	var wait, asJSON, accessRules bool
	if verb == "plan" {
		flags.BoolVar(&wait, "wait", false, "watch for one hold time first")
		flags.BoolVar(&asJSON, "json", false, "print the record as JSON")
	}
	if verb == "status" {
		flags.BoolVar(&accessRules, "access-rules", false, "print the access rules that an application credential needs, as JSON")
	}
	switch verb {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return exitOK
	case "version", "-version", "--version":
		fmt.Fprintln(stdout, "vmcluster-scaler", versionText())
		return exitOK
	case "run", "once", "plan", "status", "validate":
	default:
		fmt.Fprintf(stderr, "vmcluster-scaler: there is no verb %q\n\n%s", verb, usage)
		return exitUsage
	}
	if err := flags.Parse(args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitUsage
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "vmcluster-scaler: unexpected argument %q\n", flags.Arg(0))
		return exitUsage
	}
	c, err := config.Load(*file)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	if verb == "validate" {
		fmt.Fprintf(stdout, "%s is valid.\n", *file)
		return exitOK
	}
	if verb == "status" {
		return status(ctx, c, accessRules, stdout, stderr)
	}
	return act(ctx, verb, c, wait, asJSON, stdout, stderr)
}

func versionText() string {
	if info, ok := debug.ReadBuildInfo(); ok && version == "dev" && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return version
}
