package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/schema"
)

const about = `vmcluster-scaler adds and removes a cluster's workers as its batch queue needs them.

Exit status: 0 done, or nothing to do; 1 something could not be read or done;
2 wrong arguments or configuration; 3 with --detailed-exitcode: something was
done, or would be.`

// usageTemplate is the usage of the program and of each verb.
const usageTemplate = `usage: {{.UseLine}}{{if .HasExample}}

example:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

verbs:{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

options:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

"{{.CommandPath}} VERB --help" says more of a verb.{{end}}
`

// verb describes one verb of the command line.
type verb struct {
	name     string
	argument string // name of the one argument; most verbs have none
	short    string
	long     string
	example  string
	options  func(*cobra.Command, *order)
}

var verbs = []verb{
	{
		name: "run", short: "watch the queue and act, until SIGINT or SIGTERM",
		long: `run watches the queue and adds and removes workers, until SIGINT or SIGTERM. A
call that is under way is finished, and no new one is begun; a second signal
ends the program at once. SIGHUP reads the configuration again.`,
		example: "vmcluster-scaler run --config /etc/vmcluster-scaler/scaler.hcl",
	},
	{
		name: "once", short: "watch for one hold time, act at most once, exit",
		long: `once watches the queue for one hold time (scale_out_after), acts at most once,
and exits. It is for cron and for scheduled containers.`,
		example: "vmcluster-scaler once --detailed-exitcode || [ $? = 3 ]",
		options: func(c *cobra.Command, o *order) { detailedOption(c, o, "exit with status 3 if something was done") },
	},
	{
		name: "plan", short: "print what would be done now, and why; touch nothing",
		long: `plan reads queue and cloud once and prints what would be done now, and why. It
changes no worker and no mark.`,
		example: "vmcluster-scaler plan --wait",
		options: func(c *cobra.Command, o *order) {
			c.Flags().BoolVar(&o.wait, "wait", false, "watch for one hold time first")
			jsonOption(c, o)
			detailedOption(c, o, "exit with status 3 if something would be done")
		},
	},
	{
		name: "status", short: "print queue, groups and workers as they are now",
		long: `status reads queue and cloud once and prints queue, groups and workers. Where the
configuration names a file of decisions it adds what the running scaler did last.`,
		example: "vmcluster-scaler status --watch",
		options: func(c *cobra.Command, o *order) {
			c.Flags().BoolVar(&o.watch, "watch", false, "print it again in each interval, until interrupted")
			c.Flags().BoolVar(&o.accessRules, "access-rules", false, "print the access rules that an application credential needs, as JSON, and nothing else")
			jsonOption(c, o)
		},
	},
	{
		name: "explain", argument: "JOB|WORKER|GROUP", short: "say why a job waits, a worker stays or goes, a group grows or does not",
		long: `explain says why a job waits, why a worker stays or goes, or why a group grows or
does not. It looks at queue and cloud, and reads the file of decisions.`,
		example: "vmcluster-scaler explain astro-cpu-3",
		options: jsonOption,
	},
	{
		name: "validate", short: "check the configuration file, and what it names on this machine",
		long: `validate checks the configuration file and names what is wrong with line and
column. Then it looks at what the file names: files, tools, tokens, certificates.
It contacts neither cloud nor queue.`,
		example: "vmcluster-scaler validate --config scaler.hcl",
		options: func(c *cobra.Command, o *order) {
			c.Flags().BoolVar(&o.syntax, "syntax", false, "check the file alone, as on another machine than the scaler's")
		},
	},
	{
		name: "doctor", short: "try everything that the scaler needs; say what is right and what to do",
		long: `doctor tries everything that the scaler needs: cloud, rights, tools, queue, clocks,
the front-end's report, the lease, disk, tokens and certificates. It changes nothing.
Each line says what is, and what to do if it is not right. The exit status is 1 if
something has failed, and 0 if there are warnings at most.`,
		example: "vmcluster-scaler doctor --config scaler.hcl",
		options: jsonOption,
	},
}

func jsonOption(c *cobra.Command, o *order) { c.Flags().BoolVar(&o.json, "json", false, "print JSON") }

func detailedOption(c *cobra.Command, o *order, text string) {
	c.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, text)
}

func init() { cobra.EnableCommandSorting = false } // verbs are listed in the order of their table

// commandLine returns the program's command line. It calls perform with what is
// ordered; its own errors are mistakes in the arguments.
func commandLine(perform func(order)) *cobra.Command {
	root := &cobra.Command{
		Use: "vmcluster-scaler VERB [--config scaler.hcl]", Long: about, Version: versionText(),
		SilenceErrors: true, SilenceUsage: true, DisableFlagsInUseLine: true,
		Args: cobra.ArbitraryArgs, // so that RunE words the error
		RunE: func(cmd *cobra.Command, args []string) error { return noVerb(cmd, args) },
	}
	root.SetUsageTemplate(usageTemplate)
	root.SetVersionTemplate("vmcluster-scaler {{.Version}}\n")
	root.SetFlagErrorFunc(withUsage)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	for _, v := range verbs {
		root.AddCommand(v.command(perform))
	}
	root.AddCommand(schemaCommand(), completionCommand(), &cobra.Command{
		Use: "version", Short: "print the version", Example: "  vmcluster-scaler version", Args: cobra.ArbitraryArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprintln(cmd.OutOrStdout(), "vmcluster-scaler", versionText())
		},
	})
	return root
}

func (v verb) command(perform func(order)) *cobra.Command {
	o := order{verb: v.name}
	use := v.name
	if v.argument != "" {
		use += " " + v.argument
	}
	cmd := &cobra.Command{
		Use: use + " [options]", Short: v.short, Long: v.long, Example: "  " + v.example, DisableFlagsInUseLine: true,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args: func(cmd *cobra.Command, args []string) error {
			if v.argument != "" && len(args) > 0 {
				o.subject, args = args[0], args[1:]
			}
			switch {
			case len(args) > 0:
				return withUsage(cmd, fmt.Errorf("unexpected argument %q", args[0]))
			case v.argument != "" && o.subject == "":
				return withUsage(cmd, errors.New("explain what? Name a job, a worker or a group"))
			}
			return nil
		},
		Run: func(*cobra.Command, []string) { perform(o) },
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&o.file, "config", "scaler.hcl", "configuration file")
	_ = cmd.MarkFlagFilename("config", "hcl") // it fails for an option that does not exist
	if v.options != nil {
		v.options(cmd, &o)
	}
	return cmd
}

// noVerb is the error of a command line whose first word is no verb.
func noVerb(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return withUsage(root, errors.New("name a verb"))
	}
	text := fmt.Sprintf("there is no verb %q", args[0])
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		text += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return withUsage(root, errors.New(text))
}

// withUsage adds the usage of a verb to a mistake in its arguments.
func withUsage(cmd *cobra.Command, err error) error {
	return fmt.Errorf("%w\n\n%s", err, strings.TrimSuffix(cmd.UsageString(), "\n"))
}

// schemaCommand prints the JSON Schema of a snapshot.
func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "print the JSON Schema of what a program of queue \"program\" prints", DisableFlagsInUseLine: true,
		Long: `schema prints the JSON Schema (draft 2020-12) of a snapshot, version 1: of what a
program of queue "program" prints, and of what the scaler records. It reads no
configuration.`,
		Example: "  vmcluster-scaler schema > snapshot.schema.json", ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return withUsage(cmd, fmt.Errorf("unexpected argument %q", args[0]))
			}
			return schema.Write(cmd.OutOrStdout())
		},
	}
}

// completionCommand prints the script by which a shell completes the command line.
func completionCommand() *cobra.Command {
	scripts := map[string]func(*cobra.Command, io.Writer) error{
		"bash": func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"fish": func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
		"zsh":  (*cobra.Command).GenZshCompletion,
	}
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use: "completion bash|zsh|fish", Short: "print a script that completes the command line in a shell", DisableFlagsInUseLine: true,
		Long: "completion prints a script by which a shell completes verbs, options and files.",
		Example: `  bash:  vmcluster-scaler completion bash > /etc/bash_completion.d/vmcluster-scaler
  zsh:   vmcluster-scaler completion zsh > "${fpath[1]}/_vmcluster-scaler"
  fish:  vmcluster-scaler completion fish > ~/.config/fish/completions/vmcluster-scaler.fish`,
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || scripts[args[0]] == nil {
				return withUsage(cmd, fmt.Errorf("name one shell: %s", strings.Join(shells, ", ")))
			}
			return scripts[args[0]](cmd.Root(), cmd.OutOrStdout())
		},
	}
}

// longOptions returns the arguments with -option written as --option: the program
// has long options only, and takes them with one dash as well.
func longOptions(args []string) []string {
	out := make([]string, 0, len(args))
	for i, a := range args {
		if a == "--" {
			return append(out, args[i:]...)
		}
		if len(a) > 2 && a[0] == '-' && a[1] != '-' {
			a = "-" + a
		}
		out = append(out, a)
	}
	return out
}
