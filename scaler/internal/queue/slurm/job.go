package slurm

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// Fields of squeue's option -O, in the order in which the reader asks for them. Those of
// one job come first. The others are what jobs that ask for the same have in common: the
// reader looks at each combination of them once.
const (
	fieldID = iota
	fieldArray
	fieldTasksOfArray
	fieldHet
	fieldHetOffset
	fieldSubmitted
	fieldEligible
	fieldNodes

	fieldState
	fieldReason
	fieldRestarts
	fieldCpus
	fieldNodeCount
	fieldMostNodes
	fieldTasks
	fieldCpusPerTask
	fieldTasksPerNode
	fieldSockets
	fieldMemory
	fieldDisk
	fieldAllocated
	fieldPerJob
	fieldPerNode
	fieldPerSocket
	fieldPerTask
	fieldCpusPerGPU
	fieldMemoryPerGPU
	fieldShared
	fieldLimit
	fieldReservation
	fieldPartition
	fieldRequired
	fieldFeatures
	fieldCount
)

var jobFields = [fieldCount]string{
	fieldID: "JobID", fieldArray: "ArrayJobID", fieldTasksOfArray: "ArrayTaskID", fieldHet: "HetJobID", fieldHetOffset: "HetJobOffset",
	fieldSubmitted: "SubmitTime", fieldEligible: "EligibleTime", fieldNodes: "NodeList",

	fieldState: "State", fieldReason: "Reason", fieldRestarts: "RestartCnt",
	fieldCpus: "NumCPUs", fieldNodeCount: "NumNodes", fieldMostNodes: "MaxNodes", fieldTasks: "NumTasks", fieldCpusPerTask: "cpus-per-task",
	fieldTasksPerNode: "NTPerNode", fieldSockets: "Sockets", fieldMemory: "MinMemory", fieldDisk: "MinTmpDisk", fieldAllocated: "tres-alloc",
	fieldPerJob: "tres-per-job", fieldPerNode: "tres-per-node", fieldPerSocket: "tres-per-socket", fieldPerTask: "tres-per-task",
	fieldCpusPerGPU: "cpus-per-tres", fieldMemoryPerGPU: "mem-per-tres",
	fieldShared: "OverSubscribe", fieldLimit: "TimeLimit", fieldReservation: "Reservation", fieldPartition: "Partition",
	fieldRequired: "ReqNodes", fieldFeatures: "Feature",
}

// record is a record of squeue.
type record [][]byte

func (r record) text(field int) string {
	if v := string(r[field]); v != "(null)" && v != "N/A" {
		return v
	}
	return ""
}

func (r record) number(field int) int { return whole(r.text(field)) }

// common is what jobs that ask for the same have in common, as one text. A change of
// Restarts above 0 makes no difference.
func (r record) common(into []byte) []byte {
	for _, field := range r[fieldState:] {
		into = append(append(into, field...), separator...)
	}
	return into
}

// id returns the ID of the job, or of the first of several tasks of an array: "6", "6_1",
// "6+0"; "" if it is none.
func (r record) id() string {
	id := digits(r[fieldID])
	if id == "?" {
		return ""
	}
	if r.isArray() {
		first, _ := tasksOf(r.text(fieldTasksOfArray))
		return string(r[fieldArray]) + "_" + strconv.Itoa(first.first)
	}
	if het := digits(r[fieldHet]); het != "?" && het != "0" && digits(r[fieldHetOffset]) != "?" {
		return het + "+" + string(r[fieldHetOffset])
	}
	return id
}

// isArray reports whether the record is of a task or of tasks of an array.
func (r record) isArray() bool {
	return digits(r[fieldArray]) != "?" && r.text(fieldTasksOfArray) != ""
}

// het returns the ID of the heterogeneous job that the job is a part of; "" if of none.
func (r record) het() string {
	if id := digits(r[fieldHet]); id != "?" && id != "0" {
		return id
	}
	return ""
}

// queued returns when the job could begin for the first time, or when it was submitted.
func (r record) queued(now time.Time) time.Time {
	if at := moment(string(r[fieldEligible])); !at.IsZero() && !at.After(now) {
		return at
	}
	return earlier(moment(string(r[fieldSubmitted])), now)
}

// taskSet is tasks of an array that wait.
type taskSet struct {
	first, count int
	most         int // that run at once; 0: any number
}

// mostTasks bounds the tasks of an array: the largest MaxArraySize that Slurm takes.
const mostTasks = 4_000_001

// tasksOf reads a list of tasks: "3", "1-100%2", "1,3,5-9", "0-20:4". Whole is false if the
// list is cut off or can't be read; then the rest counts for nothing.
func tasksOf(list string) (s taskSet, complete bool) {
	list, most, _ := strings.Cut(list, "%")
	s.most, s.first, complete = whole(most), -1, true
	for item := range strings.SplitSeq(list, ",") {
		span, step, stepped := strings.Cut(item, ":")
		from, to, ranged := strings.Cut(span, "-")
		if !ranged {
			to = from
		}
		a, errA := strconv.ParseUint(from, 10, 32)
		b, errB := strconv.ParseUint(to, 10, 32)
		by := 1
		if stepped {
			by = whole(step)
		}
		if errA != nil || errB != nil || b < a || by < 1 {
			complete = false
			continue
		}
		if s.first < 0 {
			s.first = whole(from)
		}
		s.count = min(s.count+int(b-a)/by+1, mostTasks)
	}
	s.first = max(s.first, 0)
	return s, complete
}

// runs reports whether a job in that state is on its nodes.
func (r record) runs() bool {
	switch string(r[fieldState]) {
	case "RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING", "STAGE_OUT":
		return len(bytes.TrimSpace(r[fieldNodes])) > 0
	}
	return false
}

// waits reports whether the job is in the queue. The states beside PENDING are those of
// a job that has been put back into it.
func (r record) waits() bool {
	switch string(r[fieldState]) {
	case "PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD":
		return true
	}
	return false
}
