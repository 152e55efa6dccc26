package htcondor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Options describe a pool and the way to it.
type Options struct {
	Pool           string   // host[:port] of the collector; "" takes the tools' own configuration
	Schedds        []string // names of access points; empty means all that the collector knows
	Bin            string   // directory of the tools; "" means the search path
	TokenDirectory string   // directory of an IDTOKEN; the tools then need no configuration file
	OtherAddresses bool     // the pool has workers at other addresses than the cloud
	Runner         command.Runner
}

// Reader reads one pool.
type Reader struct {
	o Options

	mu     sync.Mutex
	groups map[string]int // groups of jobs in the last reading, by schedd
}

// New returns a Reader.
func New(o Options) *Reader { return &Reader{o: o, groups: map[string]int{}} }

// Read implements queue.Reader.
func (r *Reader) Read(ctx context.Context) (queue.Snapshot, error) {
	s := queue.Snapshot{Traits: Traits()}
	if err := r.readPool(ctx, &s); err != nil {
		return queue.Snapshot{}, fmt.Errorf("read the collector: %w", err)
	}
	schedds, err := r.schedds(ctx)
	if err != nil {
		return queue.Snapshot{}, err
	}
	s.JobsAt = time.Now().UTC()
	jobs := newJobList(s.JobsAt, 0)
	var failed []error
	for _, name := range schedds {
		if err := r.readJobs(ctx, name, jobs, &s); err != nil {
			failed = append(failed, fmt.Errorf("read the queue of %s: %w", name, err))
		}
	}
	if len(failed) == len(schedds) {
		return queue.Snapshot{}, errors.Join(failed...)
	}
	for _, err := range failed {
		s.Partial = append(s.Partial, valid(err.Error()))
	}
	// The jobs come first: their requirements name attributes of the workers.
	fetch, own := attributesOfSlots(jobs.names())
	s.WorkersAt = time.Now().UTC()
	workers := newWorkerList(own)
	workers.otherAddresses = r.o.OtherAddresses
	if err := r.masters(ctx, workers); err != nil {
		return queue.Snapshot{}, fmt.Errorf("read the workers' masters: %w", err)
	}
	if !workers.anyMaster {
		s.Partial = append(s.Partial, "the collector lists no master, not even that of its own machine")
	}
	if err := r.slots(ctx, &s, workers, fetch); err != nil {
		return queue.Snapshot{}, fmt.Errorf("read the workers: %w", err)
	}
	s.Workers, s.Claims = workers.list()
	s.LeftOut = append(s.LeftOut, workers.leftOut...)
	jobs.fill(&s, workers.proves)
	return s, nil
}

// readPool reads the collector's own ad. Every collector that answers has one.
func (r *Reader) readPool(ctx context.Context, s *queue.Snapshot) error {
	found := 0
	err := r.status(ctx, func(a ad) error {
		found++
		if since := poolSince(a); since.After(s.PoolSince) {
			s.PoolSince = since
		}
		return nil
	}, "-collector", "-attributes", "Name,DaemonStartTime,StatsLastUpdateTime,StatsLifetime,MonitorSelfTime,MonitorSelfAge")
	if err != nil {
		return err
	}
	if found == 0 {
		return errors.New("condor_status -collector printed nothing: the collector does not even list itself")
	}
	if s.PoolSince.IsZero() {
		s.Partial = append(s.Partial, "the collector does not say since when it runs")
	}
	return nil
}

func (r *Reader) schedds(ctx context.Context) ([]string, error) {
	if len(r.o.Schedds) > 0 {
		return r.o.Schedds, nil
	}
	var names []string
	err := r.status(ctx, func(a ad) error {
		if name := a.text("Name"); isDaemonName(name) {
			names = append(names, name)
		}
		return nil
	}, "-schedd", "-attributes", "Name")
	if err != nil {
		return nil, fmt.Errorf("list the access points: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("list the access points: the collector knows no schedd; is one running?")
	}
	return names, nil
}

// isDaemonName reports whether a name can be one of a daemon: "sub@host.example". It
// becomes an argument of the tools.
func isDaemonName(name string) bool {
	if name == "" || len(name) > 255 || name[0] == '-' {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || !text.Shown(r) }) < 0
}

// readJobs reads the queue of one schedd. The schedd groups equal jobs and counts
// them: for the schedd this is no more work than to list them, and condor_q and the
// scaler get a short answer. (-autocluster would mix jobs of all states, and takes no
// constraint.) The jobs count only if all of them could be read.
func (r *Reader) readJobs(ctx context.Context, schedd string, into *jobList, s *queue.Snapshot) error {
	list, err := r.list(ctx, schedd, into.now)
	if err != nil {
		return err
	}
	if list.listed == 0 {
		total, err := r.totals(ctx, schedd)
		if err != nil {
			return fmt.Errorf("check that the queue is empty: %w", err)
		}
		if total > 0 {
			s.Partial = append(s.Partial, fmt.Sprintf("%s lists no job, but its totals count %d", schedd, total))
		}
	}
	r.remember(schedd, len(list.jobs))
	into.merge(list)
	return nil
}

// roomFor returns a capacity for the groups of jobs of a schedd: as many as in the
// last reading, and some more.
func (r *Reader) roomFor(schedd string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.groups[schedd] + r.groups[schedd]/16
}

func (r *Reader) remember(schedd string, groups int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.groups[schedd] = groups
}

// list fetches the jobs in groups, or one by one if condor_q has no option for
// groups.
func (r *Reader) list(ctx context.Context, schedd string, now time.Time) (*jobList, error) {
	fetch := func(attributes []string, how ...string) (*jobList, error) {
		list := newJobList(now, r.roomFor(schedd))
		list.schedd = schedd
		args := append([]string{"-allusers", "-json", "-attributes", strings.Join(attributes, ","), "-constraint", jobConstraint}, how...)
		return list, r.queue(ctx, schedd, func(out io.Reader) error { return decodeTemplates(out, list.add, list.leave) }, args...)
	}
	list, err := fetch(jobAttributes, "-group-by")
	var refused *command.Error
	if errors.As(err, &refused) && strings.Contains(refused.Stderr, "unrecognized argument") {
		return fetch(append([]string{"ClusterId", "ProcId"}, jobAttributes...))
	}
	return list, err
}

// totals returns the schedd's own count of the jobs that belong in the list. Unlike
// the list, the answer is never empty.
func (r *Reader) totals(ctx context.Context, schedd string) (int, error) {
	found, total := 0, 0
	err := r.queue(ctx, schedd, func(out io.Reader) error {
		return decode(out, func(a ad) error {
			found++
			for _, name := range []string{"AllusersIdle", "AllusersRunning", "AllusersSuspended", "AllusersSchedulerIdle", "AllusersSchedulerRunning"} {
				total += a.integer(name)
			}
			return nil
		}, func(string, string) {})
	}, "-allusers", "-totals", "-json")
	if err != nil {
		return 0, err
	}
	if found == 0 {
		return 0, errors.New("condor_q -totals printed nothing")
	}
	return total, nil
}

// slots lists the slots of the pool.
func (r *Reader) slots(ctx context.Context, s *queue.Snapshot, into *workerList, attributes []string) error {
	read, unread := 0, 0
	err := r.statusOf(ctx, func(a ad) error {
		read++
		return into.add(a)
	}, func(label, why string) {
		unread++
		into.leave(label, why)
	}, "-attributes", strings.Join(attributes, ","))
	// Most ads: something is wrong with the pool, or one worker sends many such ads. The
	// readable ones count, and no worker is removed.
	if err == nil && unread > read {
		s.Partial = append(s.Partial, valid(fmt.Sprintf("%d of %d ads of slots: %s", unread, read+unread, into.leftOut[0])))
	}
	return err
}

// masters reads the ads of the workers' masters.
func (r *Reader) masters(ctx context.Context, into *workerList) error {
	return r.statusOf(ctx, into.addMaster, into.leave, "-master", "-attributes", strings.Join(masterAttributes, ","))
}

// status reads ads of daemons. It leaves out those that cannot be read.
func (r *Reader) status(ctx context.Context, each func(ad) error, args ...string) error {
	return r.statusOf(ctx, each, func(string, string) {}, args...)
}

func (r *Reader) statusOf(ctx context.Context, each func(ad) error, left leave, args ...string) error {
	all := []string{}
	if r.o.Pool != "" {
		all = append(all, "-pool", r.o.Pool)
	}
	return r.run(ctx, "condor_status", append(append(all, "-json"), args...), func(out io.Reader) error { return decode(out, each, left) })
}

func (r *Reader) queue(ctx context.Context, schedd string, consume func(io.Reader) error, args ...string) error {
	all := []string{"-name", schedd}
	if r.o.Pool != "" {
		all = append(all, "-pool", r.o.Pool)
	}
	return r.run(ctx, "condor_q", append(all, args...), consume)
}

// variables are those by which the tools find their configuration and a login to the
// pool: a token, a Kerberos ticket or a proxy certificate.
var variables = []string{"CONDOR_CONFIG", "_CONDOR_*", "_condor_*", "BEARER_TOKEN", "BEARER_TOKEN_FILE", "KRB5CCNAME", "KRB5_CONFIG", "X509_*"}

func (r *Reader) run(ctx context.Context, tool string, args []string, consume func(io.Reader) error) error {
	c := command.Command{Name: tool, Args: args, Inherit: variables}
	if r.o.Bin != "" {
		c.Name = path.Join(r.o.Bin, tool)
	}
	if r.o.TokenDirectory != "" {
		c.Env = []string{
			"CONDOR_CONFIG=ONLY_ENV",
			"_CONDOR_CONDOR_HOST=" + r.o.Pool,
			"_CONDOR_SEC_TOKEN_DIRECTORY=" + r.o.TokenDirectory,
			"_CONDOR_SEC_CLIENT_AUTHENTICATION=REQUIRED",
		}
	}
	return r.o.Runner.Run(ctx, c, consume)
}
