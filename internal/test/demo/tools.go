package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// poolVariable names the environment variable with the address of the pool, for the
// played tools.
const poolVariable = "VMCLUSTER_DEMO_POOL"

// tools are the commands that the demo stands in for.
var tools = []string{"condor_q", "condor_status"}

// call is a run of one of them.
type call struct {
	Tool string
	Args []string
}

// runTool runs one of the tools: it prints the answer of the pool.
func runTool(c call) error {
	body, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("ask the pool: %w", err)
	}
	resp, err := http.Post("http://"+os.Getenv(poolVariable), "application/json", bytes.NewReader(body)) //nolint:gosec,noctx // a listener of the demo's own
	if err != nil {
		return fmt.Errorf("ask the pool: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the pool: %s", resp.Status)
	}
	_, err = io.Copy(os.Stdout, resp.Body)
	return err
}

// install puts the tools into dir, as links to this program.
func install(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	for _, tool := range tools {
		if err := os.Symlink(self, filepath.Join(dir, tool)); err != nil {
			return fmt.Errorf("install %s: %w", tool, err)
		}
	}
	return nil
}

// serve answers the tools until the listener is closed.
func (p *pool) serve(ctx context.Context) (address string, stop func(), err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen for the pool's tools: %w", err)
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c call
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		ads := p.answer(c, time.Now())
		if len(ads) == 0 {
			return // HTCondor prints nothing at all for an empty list
		}
		_ = json.NewEncoder(w).Encode(ads) // a tool that is gone needs no answer
	})}
	go func() { _ = server.Serve(l) }()
	return l.Addr().String(), func() { _ = server.Close() }, nil
}

type ad map[string]any

// answer returns the ads that HTCondor's tool would print, as far as the scaler reads
// them.
func (p *pool) answer(c call, now time.Time) []ad {
	p.mu.Lock()
	defer p.mu.Unlock()
	has := func(flag string) bool { return slices.Contains(c.Args, flag) }
	switch {
	case c.Tool == "condor_status" && has("-collector"):
		return []ad{{"MyType": "Collector", "Name": "demo", "DaemonStartTime": now.Add(-time.Hour).Unix()}}
	case c.Tool == "condor_status" && has("-schedd"):
		return []ad{{"MyType": "Scheduler", "Name": "demo"}}
	case c.Tool == "condor_status" && has("-master"):
		return p.masters()
	case c.Tool == "condor_status":
		return p.slots(now)
	case has("-totals"):
		return []ad{p.totals()}
	default:
		return p.queue()
	}
}

// identity returns the name that the collector reads in a worker's token.
func identity(worker string) string { return "worker." + worker + ".0@demo" }

func (p *pool) masters() []ad {
	out := []ad{{"MyType": "DaemonMaster", "Name": "demo", "Machine": "demo", "AuthenticatedIdentity": "condor@family"}}
	for name := range p.workers {
		out = append(out, ad{"MyType": "DaemonMaster", "Name": name + ".demo", "Machine": name + ".demo", "AuthenticatedIdentity": identity(name), "VmclusterName": name})
	}
	return out
}

func (p *pool) slots(now time.Time) []ad {
	var out []ad
	for name, s := range p.workers {
		n := p.running(name)
		machine := name + ".demo"
		common := ad{
			"Machine": machine, "AuthenticatedIdentity": identity(name), "VmclusterName": name, "Start": true, "Draining": false,
			"TotalSlotCpus": workerCPUs, "TotalSlotMemory": workerMemory, "TotalSlotDisk": 1 << 22,
			"DaemonStartTime": s.since.Unix(), "MyCurrentTime": now.Unix(), "LastHeardFrom": now.Unix(),
			"EnteredCurrentActivity": s.changed.Unix(),
		}
		out = append(out, with(common, ad{
			"Name": "slot1@" + machine, "State": "Unclaimed", "Activity": "Idle", "PartitionableSlot": true,
			"NumDynamicSlots": n, "NumDynamicSlotsTime": s.changed.Unix(),
			"Cpus": workerCPUs - n, "Memory": workerMemory - n*jobMemory, "Disk": 1 << 22,
		}))
		for i := range n {
			out = append(out, with(common, ad{
				"Name": fmt.Sprintf("slot1_%d@%s", i+1, machine), "State": "Claimed", "Activity": "Busy", "DynamicSlot": true,
				"Cpus": 1, "Memory": jobMemory, "Disk": 1024, "TotalSlotCpus": 1, "TotalSlotMemory": jobMemory,
			}))
		}
	}
	return out
}

func with(a, b ad) ad {
	out := ad{}
	for _, m := range []ad{a, b} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

func (p *pool) queue() []ad {
	var out []ad
	for _, j := range p.jobs {
		if j.done {
			continue
		}
		a := ad{
			"ClusterId": 1, "ProcId": j.id, "JobStatus": 1, "JobUniverse": 5, "AutoClusterId": 1, "QDate": j.arrived.Unix(),
			"RequestCpus": 1, "RequestMemory": jobMemory, "RequestDisk": 1024, "NumJobStarts": 0,
		}
		if !j.started.IsZero() {
			a["JobStatus"], a["RemoteHost"] = 2, "slot1_1@"+j.worker+".demo"
		}
		out = append(out, a)
	}
	return out
}

func (p *pool) totals() ad {
	t := map[string]int{}
	for _, j := range p.jobs {
		switch {
		case j.done:
		case j.started.IsZero():
			t["AllusersIdle"]++
		default:
			t["AllusersRunning"]++
		}
	}
	return ad{"MyType": "Summary", "AllusersIdle": t["AllusersIdle"], "AllusersRunning": t["AllusersRunning"],
		"AllusersSuspended": 0, "AllusersHeld": 0, "AllusersSchedulerIdle": 0, "AllusersSchedulerRunning": 0}
}
