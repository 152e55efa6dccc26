package slurm

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// usual are the fields of a job of one CPU that waits, as squeue 24.11 prints them.
var usual = map[int]string{
	fieldID: "6", fieldArray: "6", fieldTasksOfArray: "N/A", fieldHet: "N/A", fieldHetOffset: "N/A", fieldSubmitted: "1795946400", fieldEligible: "1795946400",
	fieldState: "PENDING", fieldReason: "Resources", fieldRestarts: "0", fieldCpus: "1", fieldNodeCount: "1", fieldMostNodes: "1", fieldTasks: "1",
	fieldCpusPerTask: "1", fieldTasksPerNode: "0", fieldSockets: "*", fieldMemory: "100M", fieldDisk: "0", fieldAllocated: "cpu=1,mem=100M,node=1,billing=1",
	fieldPerJob: "N/A", fieldPerNode: "N/A", fieldPerSocket: "N/A", fieldPerTask: "N/A", fieldCpusPerGPU: "N/A", fieldMemoryPerGPU: "N/A",
	fieldShared: "OK", fieldLimit: "1:00:00", fieldReservation: "(null)", fieldPartition: allGroups, fieldRequired: "", fieldFeatures: "(null)",
}

// job returns the record of a usual job with other values of some fields.
func job(other map[int]string) string {
	v := maps.Clone(usual)
	maps.Copy(v, other)
	fields := make([]string, fieldCount)
	for i := range fields {
		fields[i] = v[i]
	}
	return strings.Join(fields, separator) + separator + recordedMark + "\n"
}

// pool returns recordings of an idle cluster with workers w1 and w2, and other jobs.
func pool(jobs ...string) recorded {
	r := in("24.11")
	r.excluded = ""
	r.jobs = strings.Join(jobs, "")
	for id := range 100 { // no job excludes a node
		r.excluded += fmt.Sprintf("%d%s%s%s\n", id, separator, separator, recordedMark)
	}
	r.nodes = node("w1", "IDLE+DYNAMIC_NORM", "") + node("w2", "IDLE+DYNAMIC_NORM", "")
	return r
}

// node returns a node's entry in the form of scontrol 24.11.
func node(name, state, more string) string {
	return "NodeName=" + name + " Arch=x86_64 CoresPerSocket=1  CPUAlloc=0 CPUEfctv=4 CPUTot=4 CPULoad=0.10 AvailableFeatures=worker ActiveFeatures=worker Gres=(null) " +
		"NodeAddr=" + name + " NodeHostName=" + name + " Version=24.11.5 OS=Linux 6.1.0 #1 SMP  RealMemory=8000 AllocMem=0 FreeMem=7000 Sockets=4 Boards=1 " +
		"State=" + state + " ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions=all_groups,worker  BootTime=1795940000 SlurmdStartTime=1795946000 " +
		"LastBusyTime=1795946001 ResumeAfterTime=None CfgTRES=cpu=4,mem=8000M,billing=4 AllocTRES= CurrentWatts=0 AveWatts=0 " + more + "\n"
}

// read returns what a reader reads of recordings.
func read(t *testing.T, r recorded) queue.Snapshot {
	t.Helper()
	s, err := queue.Cleaned(reader(r.tools(t))).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
