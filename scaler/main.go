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
	exitActed  = 3 // with --detailed-exitcode: something was done, or would be
)

const usage = `vmcluster-scaler adds and removes a cluster's workers as its batch queue needs them.

usage: vmcluster-scaler VERB [--config scaler.hcl]

  run        watch the queue and act, until SIGINT or SIGTERM; SIGHUP reads the
             configuration again
  once       watch for one hold time, act at most once, exit
             (--detailed-exitcode: 3 if something was done)
  plan       print what would be done now, and why; touch nothing
             (--wait: watch for one hold time first; --json: as a record;
             --detailed-exitcode: 3 if something would be done)
  status     print queue, groups and workers as they are now
             (--json; --watch: again in each interval; --access-rules: print the
             rules that an application credential needs, and nothing else)
  explain    JOB, WORKER or GROUP: say why a job waits, why a worker stays or
             goes, why a group grows or does not (--json)
  validate   check the configuration file
  version    print the version

exit status: 0 done, or nothing to do; 1 something could not be read or done;
2 wrong arguments or configuration; 3 see --detailed-exitcode.
`

// memoryLimit is from where on the runtime collects garbage more often, rather than
// take more of a machine that has other work. GOMEMLIMIT says another one.
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
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	switch verb := args[0]; verb {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return exitOK
	case "version", "-version", "--version":
		fmt.Fprintln(stdout, "vmcluster-scaler", versionText())
		return exitOK
	case "run", "once", "plan", "validate", "status", "explain":
		return perform(ctx, verb, args[1:], stdout, stderr)
	default:
		fmt.Fprintf(stderr, "vmcluster-scaler: there is no verb %q\n\n%s", verb, usage)
		return exitUsage
	}
}

// order is a verb with what was said with it.
type order struct {
	verb     string
	file     string // of the configuration
	subject  string // of explain
	wait     bool
	watch    bool
	json     bool
	detailed bool // exit status

	accessRules bool // in place of the status
}

// perform does what a verb that has a configuration says.
func perform(ctx context.Context, verb string, args []string, stdout, stderr io.Writer) int {
	o, err := parse(verb, args, stderr)
	if err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitUsage
	}
	c, err := config.Load(o.file)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	if verb == "validate" {
		fmt.Fprintf(stdout, "%s is valid.\n", o.file)
		return exitOK
	}
	return act(ctx, o, c, stdout, stderr)
}

// parse reads a verb's arguments, and says on stderr what is wrong with them.
func parse(verb string, args []string, stderr io.Writer) (order, error) {
	o := order{verb: verb}
	flags := flag.NewFlagSet("vmcluster-scaler "+verb, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.file, "config", "scaler.hcl", "configuration `file`")
	switch verb {
	case "plan":
		flags.BoolVar(&o.wait, "wait", false, "watch for one hold time first")
	case "status":
		flags.BoolVar(&o.watch, "watch", false, "print it again in each interval, until interrupted")
		flags.BoolVar(&o.accessRules, "access-rules", false, "print the access rules that an application credential needs, as JSON, and nothing else")
	}
	if verb == "plan" || verb == "status" || verb == "explain" {
		flags.BoolVar(&o.json, "json", false, "print JSON")
	}
	if verb == "plan" || verb == "once" {
		flags.BoolVar(&o.detailed, "detailed-exitcode", false, "exit with status 3 if something was, or would be, done")
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if verb == "explain" && flags.NArg() > 0 {
		o.subject = flags.Arg(0)
		if err := flags.Parse(flags.Args()[1:]); err != nil { // options may follow the name
			return o, err
		}
	}
	var wrong error
	switch {
	case flags.NArg() > 0:
		wrong = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case verb == "explain" && o.subject == "":
		wrong = errors.New("explain what? Name a job, a worker or a group")
	}
	if wrong != nil {
		fmt.Fprintln(stderr, "vmcluster-scaler:", wrong)
	}
	return o, wrong
}

func versionText() string {
	if info, ok := debug.ReadBuildInfo(); ok && version == "dev" && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return version
}
