package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/lease"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/adapter"
	_ "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/all" // registers the adapters
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/terraform"
)

func newLogger(c config.Config, w io.Writer) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Name: "vmcluster-scaler", Level: hclog.LevelFromString(c.LogLevel), JSONFormat: c.LogJSON, Output: w,
		TimeFormat: time.RFC3339, TimeFn: func() time.Time { return time.Now().UTC() },
	})
}

func login(ctx context.Context, c config.Config, log hclog.Logger) (*openstack.Client, error) {
	cloud, err := openstack.New(ctx, openstack.Config{
		Cloud: c.Cloud, UserAgent: "vmcluster-scaler/" + versionText(),
		Log: func(_ context.Context, msg string, fields map[string]any) {
			args := make([]any, 0, 2*len(fields))
			for k, v := range fields {
				args = append(args, k, v)
			}
			log.Named("openstack").Trace(msg, args...)
		},
	})
	if help := cluster.HelpOf(err); help != "" {
		return nil, fmt.Errorf("%w. %s", err, help)
	}
	if err != nil {
		return nil, fmt.Errorf("log in to the cloud: %w", err)
	}
	return cloud, nil
}

// closing ends what runs beside the loop, and returns its failures that are not
// reported yet.
type closing func(ctx context.Context) error

// build connects the loop's parts as the configuration says. A loop that only looks
// leaves the front-end's report to the scaler that acts.
func build(ctx context.Context, c config.Config, log hclog.Logger, looks bool) (*loop.Loop, closing, error) {
	cloud, err := login(ctx, c, log)
	if err != nil {
		return nil, nil, err
	}
	options := provision.Options{
		Owner: cluster.OwnerScaler,
		Log:   func(_ context.Context, msg string, kv ...any) { log.Named("provision").Debug(msg, kv...) },
	}
	provisioner := provision.Steps{Provisioner: provision.New(cloud, options)}
	nova := actuate.NewNova(c.Cluster, provisioner)
	if looks || c.Actuator == config.ActuatorDryRun {
		nova.Looking()
	}
	keeper := lease.New(cloud, hostname())
	l := &loop.Loop{
		Parts: loop.Parts{
			Cluster: nova, Actuator: nova, Project: project{cloud}, Consoles: cloud, Remains: cloud,
			Lease: keeper, Memos: cloud, Reports: nova,
		},
		Settings: settings(c), Log: log,
	}
	end := closing(func(context.Context) error { return nil })
	switch c.Actuator {
	case config.ActuatorDryRun:
		l.Actuator, l.DryRun = actuate.DryRun{}, true
	case config.ActuatorTerraform:
		tf, err := terraformActuator(c.Terraform, nova, provisioner, keeper.While, log.Named("terraform"))
		if err != nil {
			return nil, nil, err
		}
		l.Actuator, l.Cluster, end = tf, tf, tf.Finish
	}
	f, err := journal.Open(c.Decisions, c.Facts)
	if err != nil {
		return nil, nil, err
	}
	l.Records = f
	return l, func(ctx context.Context) error {
		err := end(ctx)
		if closed := f.Close(); closed != nil {
			log.Error("closing the file of decisions failed", "error", closed)
		}
		return err
	}, nil
}

// hostname returns the name by which other scalers know this one.
func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "scaler"
	}
	return name
}

func terraformActuator(c config.Terraform, reader terraform.Reader, cloud terraform.Cloud, while func(context.Context) (context.Context, context.CancelFunc), log hclog.Logger) (*terraform.Actuator, error) {
	confine(append(slices.Clone(command.ForTerraform), append(c.Environment, config.PasswordVariable)...))
	program, err := terraform.FindProgram(c.Program)
	if err != nil {
		return nil, err
	}
	directory, err := filepath.Abs(c.Directory)
	if err != nil {
		return nil, fmt.Errorf("find the configuration's directory: %w", err)
	}
	return terraform.New(terraform.Options{
		Reader: reader, Cloud: cloud, Resource: c.Resource, Timeout: c.Timeout, While: while,
		CLI: terraform.Program{
			Path: program, Directory: directory, Resource: c.Resource, LockTimeout: c.LockTimeout,
			Log: func(line string) { log.Debug(line) },
		},
		File: terraform.File{Path: filepath.Join(directory, c.VariablesFile), Variable: c.Variable},
		Log:  func(msg string, kv ...any) { log.Info(msg, kv...) },
	}), nil
}

// beforeConfined is the environment of this process before confine; nil if that was not
// called.
var beforeConfined atomic.Pointer[[]string]

// environment returns the variables that this process was started with, other than the
// page's password.
func environment() []string {
	all := beforeConfined.Load()
	if all == nil {
		now := os.Environ()
		all = &now
	}
	return slices.DeleteFunc(slices.Clone(*all), func(v string) bool { return strings.HasPrefix(v, config.PasswordVariable+"=") })
}

// confine removes variables that are not among the names from this process's
// environment. Terraform gets the whole of it: the library that runs Terraform takes
// variables such as TF_VAR_x from there only. The batch system's tools need others, see
// environment.
func confine(names []string) {
	whole := os.Environ()
	beforeConfined.CompareAndSwap(nil, &whole)
	keep := command.Environment(os.Environ(), names...)
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !slices.Contains(keep, v) {
			_ = os.Unsetenv(name) // a name from the environment is a valid one
		}
	}
}

// reader returns the reader of the batch system that a queue block names, or that the
// cluster runs.
func reader(q config.Queue) queue.Chooser {
	local := command.Exec{Timeout: q.Timeout, Environ: environment(), Inherit: q.Environment}
	var runner command.Runner = local
	if s := q.SSH; s != nil {
		runner = command.SSH{
			Host: s.Host, User: s.User, Port: s.Port, IdentityFile: s.IdentityFile, KnownHosts: s.KnownHosts, KnownHostsFile: s.KnownHostsFile,
			Options: s.Options, Timeout: q.Timeout, Runner: local,
		}
	}
	if q.Type == adapter.Auto {
		return adapter.Following(runner)
	}
	return adapter.Named(q.Type, q.Settings, runner)
}

// settings returns the settings that may change while the loop runs.
func settings(c config.Config) loop.Settings {
	from := reader(c.Queue)
	closer, _ := queue.Bare(from).(loop.Closer) // most batch systems are drained by the front-end
	return loop.Settings{Policy: c.Policy, Interval: c.Interval, Queue: from, Closer: closer}
}

// project is the cloud's project, with its quota and its flavors.
type project struct{ cloud *openstack.Client }

// Room returns what the project's quota has left.
func (p project) Room(ctx context.Context) (decide.Room, error) {
	l, err := p.cloud.Limits(ctx)
	if err != nil {
		return decide.Room{}, err
	}
	left := func(q openstack.Quota) *int {
		if n, limited := q.Free(); limited {
			return &n
		}
		return nil
	}
	return decide.Room{Instances: left(l.Instances), Cores: left(l.Cores), RAMMiB: left(l.RAM)}, nil
}

// Size returns the part of the quota that a server of a flavor takes. The client reads
// each flavor once.
func (p project) Size(ctx context.Context, flavorID string) (decide.Size, error) {
	f, err := p.cloud.ResolveFlavor(ctx, flavorID)
	return decide.Size{Cores: f.VCPUs, RAMMiB: f.RAM}, err
}
