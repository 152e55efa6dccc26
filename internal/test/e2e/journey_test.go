//go:build e2e

package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
)

// journey is a job's way to a worker that was made for it. Each moment is read where
// it happens and converted to this machine's time; the clocks of other machines are
// known to about a second.
type journey struct {
	job, worker string

	submitted time.Time     // the batch system
	decided   time.Time     // the scaler's record
	tools     time.Duration // the batch system's tools took before that decision
	answer    time.Duration // Nova took to answer the call
	created   time.Time     // Nova took the call
	launched  time.Time     // Nova has it running
	booted    time.Time     // cloud-init starts the node program
	setUp     time.Time     // the node program has
	joined    time.Time     // the front-end has joined it, and has started the batch system there
	running   time.Time     // the batch system
}

// part is a part of the journey. ours is the time of it that the project is responsible
// for.
type part struct {
	name       string
	took, ours time.Duration
	what       string
}

func (j journey) parts() []part {
	stretch := func(name string, from, to time.Time, ours bool, what string) part {
		p := part{name: name, took: to.Sub(from), what: what}
		if ours {
			p.ours = p.took
		}
		return p
	}
	all := []part{
		stretch("hold", j.submitted, j.decided, true, fmt.Sprintf("submit to decision; %s of it are the policy's, %s the batch system's tools", hold, tenths(j.tools))),
		stretch("create", j.decided, j.created, true, fmt.Sprintf("decision to Nova's taking the call; Nova's answer took %s", tenths(j.answer))),
		stretch("boot", j.created, j.launched, false, "Nova's: to a server that runs"),
		stretch("", j.launched, j.booted, false, "the guest's: to the start of the node program"),
		stretch("join", j.booted, j.setUp, true, "the node program's set-up"),
		stretch("", j.setUp, j.joined, true, "the front-end's join, to the start of the batch system"),
		stretch("negotiation", j.joined, j.running, false, "the batch system's: its start to running job"),
	}
	// Clocks that differ must not make them negative.
	all[0].ours, all[1].ours = max(0, all[0].ours-hold-j.tools), max(0, all[1].ours-j.answer)
	return all
}

func (j journey) ours() time.Duration {
	var sum time.Duration
	for _, p := range j.parts() {
		sum += p.ours
	}
	return sum
}

// String is a table.
func (j journey) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "job %s to %s: %s from submit to running, of which ours are %s\n", j.job, j.worker, tenths(j.running.Sub(j.submitted)), tenths(j.ours()))
	for _, p := range j.parts() {
		ours := "-"
		if p.ours != 0 {
			ours = tenths(p.ours)
		}
		fmt.Fprintf(&b, "  %-12s %8s  ours %7s  %s\n", p.name, tenths(p.took), ours, p.what)
	}
	return b.String()
}

func tenths(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s" }

// follow records the journey of a running job to its worker.
func (s *story) follow(t *testing.T, file scalerFile, submission, worker string) {
	t.Helper()
	j := journey{job: submission, worker: worker}
	n, there := s.servers(t).ByName(worker)
	if !there {
		t.Fatalf("%s has no server", worker)
	}
	records := file.read(t)
	i := slices.IndexFunc(records, func(r record) bool { return slices.Contains(r.Added, worker) })
	if i < 0 {
		t.Fatalf("no record of the scaler says that %s was made", worker)
	}
	seconds := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	parts := records[i].PartSeconds
	j.decided, j.tools = records[i].Time.Add(seconds(parts.Cluster+parts.Queue+parts.Project)), seconds(parts.Queue)
	j.created, j.launched, j.answer = n.Created, s.launched(t, n.ID), s.creates.all()

	queue := s.root().clock(t, rooted(s.batch.times(submission)))
	j.submitted, j.running = queue(0), queue(1)
	node := s.asOperatorOnce(n).clock(t, `
date -d "$(sudo -n grep -m1 'Running command .*/scripts/runcmd' /var/log/cloud-init.log | cut -c1-23 | tr , .)" +%s.%N
sudo -n stat -c %.Y /var/lib/vmcluster-node/set-up
date -d "$(systemctl show `+s.batch.unit()+` -P InactiveExitTimestamp)" +%s`)
	j.booted, j.setUp, j.joined = node(0), node(1), node(2)
	s.journeys = append(s.journeys, j)
	t.Log(j)
}

// calls are how long Nova took to answer a scaler's create calls, by the scaler's log.
type calls struct {
	mu   sync.Mutex
	took time.Duration
}

var (
	createCall = regexp.MustCompile(`OpenStack request: (?:.* )?path=\S*/servers(?: |$)`)
	callTook   = regexp.MustCompile(` duration=(\S+)`)
)

// read takes over a line of the log.
func (c *calls) read(line string) {
	found := callTook.FindStringSubmatch(line)
	if found == nil || !createCall.MatchString(line) || !strings.Contains(line, " method=POST") {
		return
	}
	took, err := time.ParseDuration(found[1])
	if err != nil {
		return // the figure stays too large
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took += took
}

// all returns the time of all calls together; as a rule there was one.
func (c *calls) all() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.took
}

// clock runs a script that prints times as seconds since 1970, and returns the i-th of
// them, corrected by the difference between the host's clock and this machine's.
func (h host) clock(t *testing.T, script string) func(i int) time.Time {
	t.Helper()
	out := strings.Fields(h.must(t, "set -e\n"+script+"\ndate +%s.%N"))
	now := time.Now()
	at := func(text string) time.Time {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatalf("on %s: times are %q: %v", h.address, out, err)
		}
		return time.Unix(0, int64(seconds*1e9))
	}
	ahead := at(out[len(out)-1]).Sub(now)
	return func(i int) time.Time {
		if i >= len(out)-1 {
			t.Fatalf("on %s: %d times are too few: %q", h.address, len(out), out)
		}
		return at(out[i]).Add(-ahead)
	}
}

// launched asks Nova since when a server runs.
func (s *story) launched(t *testing.T, id string) time.Time {
	t.Helper()
	client, endpoint := authenticated(t)
	nova, err := openstack.NewComputeV2(client, endpoint)
	if err != nil {
		t.Fatal(err)
	}
	server, err := servers.Get(t.Context(), nova, id).Extract()
	if err != nil {
		t.Fatal(err)
	}
	return server.LaunchedAt
}

// most is the longest time that the project itself may take of a new worker's journey,
// with all of the create call.
const most = 20 * time.Second

// oursIsShort expects that the scaler, the provider's code and the node program take
// little time. Booting and negotiation are not the project's.
func (s *story) oursIsShort(t *testing.T) {
	if len(s.journeys) == 0 {
		t.Fatal("no job was followed: the chapters in which the scaler grows were left out")
	}
	for _, j := range s.journeys {
		t.Log(j)
		create := j.parts()[1]
		if took := j.ours() + create.took - create.ours; took > most {
			t.Errorf("our parts of the way to %s, and Nova's answer to the create call, took %s, more than %s", j.worker, tenths(took), most)
		}
	}
}
