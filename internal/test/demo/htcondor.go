package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// htcondor is played as a pool with one partitionable slot a worker.
var htcondor = batchSystem{
	name:   "htcondor",
	tools:  []string{"condor_q", "condor_status"},
	answer: answerHTCondor,
	least:  2,
	load:   []submission{{jobs: 12, workers: 1, words: "12 jobs arrive"}},
}

type ad map[string]any

// answerHTCondor prints what HTCondor's tools print with -json, as far as the scaler
// reads it.
func answerHTCondor(p *pool, c call, now time.Time) (string, error) {
	ads := p.ads(c, now)
	if len(ads) == 0 {
		return "", nil // HTCondor prints nothing at all for an empty list
	}
	text, err := json.Marshal(ads)
	return string(text) + "\n", err
}

func (p *pool) ads(c call, now time.Time) []ad {
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
	for _, name := range p.names() {
		out = append(out, ad{"MyType": "DaemonMaster", "Name": name + ".demo", "Machine": name + ".demo", "AuthenticatedIdentity": identity(name), "VmclusterName": name})
	}
	return out
}

func (p *pool) slots(now time.Time) []ad {
	var out []ad
	for _, name := range p.names() {
		s, n := p.workers[name], p.running(name)
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
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

func (p *pool) queue() []ad {
	var out []ad
	for _, j := range p.jobs {
		if j.done {
			continue
		}
		a := ad{
			"ClusterId": j.submission, "ProcId": j.index, "JobStatus": 1, "JobUniverse": 5, "AutoClusterId": 1, "QDate": j.arrived.Unix(),
			"RequestCpus": 1, "RequestMemory": jobMemory, "RequestDisk": 1024, "NumJobStarts": 0,
		}
		if j.runs() {
			a["JobStatus"], a["RemoteHost"] = 2, "slot1_1@"+j.workers[0]+".demo"
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
		case j.waits():
			t["AllusersIdle"]++
		default:
			t["AllusersRunning"]++
		}
	}
	return ad{"MyType": "Summary", "AllusersIdle": t["AllusersIdle"], "AllusersRunning": t["AllusersRunning"],
		"AllusersSuspended": 0, "AllusersHeld": 0, "AllusersSchedulerIdle": 0, "AllusersSchedulerRunning": 0}
}
