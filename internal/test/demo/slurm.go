package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// slurm is played as a cluster from zero, whose workers are dynamic nodes. A worker that is drained
// stays in the list until the front-end deletes its node.
var slurm = batchSystem{
	name:         "slurm",
	tools:        []string{"squeue", "scontrol"},
	answer:       answerSlurm,
	listsDrained: true,
	load: []submission{
		{jobs: 1, workers: 2, words: "a job on two workers arrives: sbatch -N2"},
		{jobs: 10, workers: 1, words: "ten jobs arrive: sbatch --array=0-9"},
	},
}

// The played cluster's one group, and its partitions.
const (
	slurmGroup      = "cpu"
	slurmPartitions = "all_groups," + slurmGroup
)

// answerSlurm prints what Slurm 24.11 prints for the calls of the scaler: without a
// header, and an entry in each line.
func answerSlurm(p *pool, c call, now time.Time) (string, error) {
	clock := slurmClock(c.Env)
	switch what := strings.Join(c.words(), " "); {
	case c.Tool == "squeue":
		return p.squeue(c.Args, clock)
	case what == "show config":
		return showConfig(now, clock), nil
	case !slices.Contains(c.Args, "-o"):
	case what == "show nodes":
		return p.showNodes(clock), nil
	case what == "show partitions":
		return p.showPartitions(), nil
	case what == "show reservations":
		return "No reservations in the system\n", nil
	}
	return "", fmt.Errorf("the demo does not play %s %s", c.Tool, strings.Join(c.Args, " "))
}

// words returns the arguments that are no options.
func (c call) words() []string {
	return slices.DeleteFunc(slices.Clone(c.Args), func(a string) bool { return strings.HasPrefix(a, "-") })
}

// slurmClock returns how Slurm's tools print a time in an environment.
func slurmClock(env []string) func(time.Time) string {
	zone, layout := time.Local, "2006-01-02T15:04:05"
	seconds := false
	for _, e := range env {
		switch name, value, _ := strings.Cut(e, "="); name {
		case "TZ":
			if l, err := time.LoadLocation(value); err == nil {
				zone = l
			}
		case "SLURM_TIME_FORMAT":
			seconds = value == "%s"
		}
	}
	return func(t time.Time) string {
		if seconds {
			return strconv.FormatInt(t.Unix(), 10)
		}
		return t.In(zone).Format(layout)
	}
}

// showNodes prints the nodes, a line each. Placeholders are not among them, as in the
// real list.
func (p *pool) showNodes(clock func(time.Time) string) string {
	var out strings.Builder
	for _, name := range p.names() {
		w, n := p.workers[name], p.running(name)
		state, used := "IDLE", ""
		if n > 0 {
			state, used = "ALLOCATED", fmt.Sprintf("cpu=%d,mem=%dM", n, n*jobMemory)
		}
		reason := ""
		if !p.accepts(name) {
			state += "+DRAIN"
			reason = " Reason=vmcluster: scale in [root@" + clock(w.changed) + "]"
		}
		fmt.Fprintf(&out, "NodeName=%s Arch=x86_64 CoresPerSocket=1  CPUAlloc=%d CPUEfctv=%d CPUTot=%d CPULoad=0.00"+
			" AvailableFeatures=%s ActiveFeatures=%s Gres=(null) GresDrain=N/A NodeAddr=%s NodeHostName=%s Version=24.11.5"+
			" OS=Linux 6.12.0-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.12.0-1  RealMemory=%d AllocMem=%d FreeMem=%d Sockets=%d Boards=1"+
			" State=%s+DYNAMIC_NORM ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions=%s "+
			" BootTime=%s SlurmdStartTime=%s LastBusyTime=%s ResumeAfterTime=None"+
			" CfgTRES=cpu=%d,mem=%dM,billing=%d AllocTRES=%s CurrentWatts=0 AveWatts=0 %s InstanceId=%s \n",
			name, n, workerCPUs, workerCPUs, slurmGroup, slurmGroup, name, name,
			workerMemory, n*jobMemory, workerMemory, workerCPUs, state, slurmPartitions,
			clock(w.since), clock(w.since), clock(w.changed), workerCPUs, workerMemory, workerCPUs, used, reason, p.serverID(name))
	}
	if out.Len() == 0 {
		return "No nodes in the system\n"
	}
	return out.String()
}

// showPartitions prints the partition over all nodes and that of the group, a line each.
// The placeholders are among their nodes.
func (p *pool) showPartitions() string {
	var out strings.Builder
	nodes := append([]string{fmt.Sprintf("future_%s_[1-%d]", slurmGroup, maxWorkers)}, hostList(p.names()))
	count := maxWorkers + len(p.workers)
	for i, name := range strings.Split(slurmPartitions, ",") {
		byDefault, sets := "NO", slurmGroup
		if i == 0 {
			byDefault, sets = "YES", "ALL"
		}
		fmt.Fprintf(&out, "PartitionName=%s AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL AllocNodes=ALL Default=%s QoS=N/A"+
			" DefaultTime=NONE DisableRootJobs=NO ExclusiveUser=NO ExclusiveTopo=NO GraceTime=0 Hidden=NO"+
			" MaxNodes=UNLIMITED MaxTime=UNLIMITED MinNodes=0 LLN=NO MaxCPUsPerNode=UNLIMITED MaxCPUsPerSocket=UNLIMITED"+
			" NodeSets=%s Nodes=%s PriorityJobFactor=1 PriorityTier=1 RootOnly=NO ReqResv=NO OverSubscribe=NO OverTimeLimit=NONE"+
			" PreemptMode=OFF State=UP TotalCPUs=%d TotalNodes=%d SelectTypeParameters=NONE JobDefaults=(null)"+
			" DefMemPerCPU=%d MaxMemPerNode=UNLIMITED TRES=cpu=%d,mem=%dM,node=%d,billing=%d\n",
			name, byDefault, sets, strings.Trim(strings.Join(nodes, ","), ","), count*workerCPUs, count,
			workerMemory/workerCPUs, count*workerCPUs, count*workerMemory, count, count*workerCPUs)
	}
	return out.String()
}

// showConfig prints the part of slurmctld's configuration that says who decides about
// nodes, and how jobs share them.
func showConfig(now time.Time, clock func(time.Time) string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Configuration data as of %s\n", clock(now))
	for _, line := range [][2]string{
		{"BOOT_TIME", clock(now.Add(-time.Hour))},
		{"ClusterName", "astro"},
		{"MaxNodeCount", "4096"},
		{"ResumeProgram", "(null)"},
		{"SelectType", "select/cons_tres"},
		{"SelectTypeParameters", "CR_CPU_MEMORY"},
		{"SLURM_VERSION", "24.11.5"},
		{"SuspendProgram", "(null)"},
	} {
		fmt.Fprintf(&out, "%-23s = %s\n", line[0], line[1])
	}
	return out.String() + "\nSlurmctld(primary) at astro-frontend is UP\n"
}

// squeue prints the jobs that wait and run, one line each, in the format that its
// arguments ask for.
func (p *pool) squeue(args []string, clock func(time.Time) string) (string, error) {
	asked, err := squeueOptions(args)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, j := range p.slurmJobs(clock) {
		if state := asked["-t"]; state != "" && state != j["state"] {
			continue
		}
		if id := asked["-j"]; id != "" && id != j["jobid"] && id != j["arrayjobid"] && id != j["arrayjobid"]+"_"+j["arraytaskid"] {
			continue
		}
		line := j.printShort(asked["-o"])
		if long := asked["-O"]; long != "" {
			if line, err = j.print(long); err != nil {
				return "", err
			}
		}
		out.WriteString(line + "\n")
	}
	return out.String(), nil
}

// squeueOptions returns the values of squeue's options. It knows those of the scaler.
func squeueOptions(args []string) (map[string]string, error) {
	out := map[string]string{}
	for i := 0; i < len(args); i++ {
		switch a := args[i]; a {
		case "-h", "-a", "--noconvert": // without a header, all jobs, in MiB
			out[a] = "yes"
		case "-O", "-o", "-t", "-j":
			if i++; i < len(args) {
				out[a] = args[i]
			}
		default:
			return nil, fmt.Errorf("the demo does not play squeue's option %s", a)
		}
	}
	if out["-h"] == "" || out["-O"] == "" && out["-o"] == "" {
		return nil, errors.New("the demo plays squeue -h with -o or -O only")
	}
	return out, nil
}
