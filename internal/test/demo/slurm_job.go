package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// slurmJob is a line of squeue: values by the name of a field of squeue's option -O, in
// lower case. Its fields are those that have a value in the demo.
type slurmJob map[string]string

// printShort returns the line in a format of -o with the fields that the scaler asks for
// there: %A, a job's ID, and %x, the nodes that it excludes. No job excludes any.
func (j slurmJob) printShort(format string) string {
	return strings.NewReplacer("%A", j["jobid"], "%x", "").Replace(format)
}

// print returns the line in a format of -O whose fields are as long as their values:
// names with :0 and a text that follows the value, and commas between them.
func (j slurmJob) print(format string) (string, error) {
	var out strings.Builder
	for _, f := range strings.Split(format, ",") {
		name, behind, whole := strings.Cut(f, ":0")
		value, known := j[strings.ToLower(name)]
		if !whole || !known {
			return "", fmt.Errorf("the demo does not play the field %q of squeue", f)
		}
		out.WriteString(value + behind)
	}
	return out.String(), nil
}

// slurmJobs returns the lines of squeue. The waiting jobs of an array are one line.
func (p *pool) slurmJobs(clock func(time.Time) string) []slurmJob {
	var out []slurmJob
	arrays := map[int]slurmJob{} // by submission: the line of its waiting jobs
	head := true                 // of the queue
	for n, j := range p.jobs {
		if j.done {
			continue
		}
		line := slurmLine(n, j, clock)
		if j.waits() {
			if array := arrays[j.submission]; array != nil {
				array.add(j.index)
				continue
			}
			line["reason"] = "Priority"
			if head {
				line["reason"], head = "Resources", false
			}
			if j.of > 1 {
				line["jobid"] = line["arrayjobid"]
				arrays[j.submission] = line
			}
		}
		out = append(out, line)
	}
	return out
}

// add adds a task to the line of an array's waiting tasks, which are in order.
func (j slurmJob) add(index int) {
	parts := strings.Split(j["arraytaskid"], ",")
	first, last, isRange := strings.Cut(parts[len(parts)-1], "-")
	if !isRange {
		last = first
	}
	if last == strconv.Itoa(index-1) {
		parts[len(parts)-1] = first + "-" + strconv.Itoa(index)
	} else {
		parts = append(parts, strconv.Itoa(index))
	}
	j["arraytaskid"] = strings.Join(parts, ",")
}

// slurmLine returns what squeue prints of the nth job of the pool, the reason of a waiting
// one excepted. The job has a time limit of an hour.
func slurmLine(n int, j *job, clock func(time.Time) string) slurmJob {
	workers := strconv.Itoa(j.needs)
	line := slurmJob{
		"jobid": strconv.Itoa(n + 1), "arrayjobid": strconv.Itoa(n + 1 - j.index), "arraytaskid": "N/A", "hetjobid": "N/A", "hetjoboffset": "N/A",
		"submittime": clock(j.arrived), "eligibletime": clock(j.arrived), "nodelist": "",

		"state": "PENDING", "reason": "None", "restartcnt": "0",
		"numcpus": workers, "numnodes": workers, "maxnodes": workers, "numtasks": workers, "cpus-per-task": "1",
		"ntpernode": "0", "sockets": "*", "minmemory": fmt.Sprintf("%dM", jobMemory), "mintmpdisk": "0",
		"tres-alloc":   fmt.Sprintf("cpu=%d,mem=%dM,node=%d,billing=%d", j.needs, j.needs*jobMemory, j.needs, j.needs),
		"tres-per-job": "N/A", "tres-per-node": "N/A", "tres-per-socket": "N/A", "tres-per-task": "N/A",
		"cpus-per-tres": "N/A", "mem-per-tres": "N/A",
		"oversubscribe": "OK", "timelimit": "1:00:00", "reservation": "(null)", "partition": "all_groups",
		"reqnodes": "", "feature": "(null)",
	}
	if j.of > 1 {
		line["arraytaskid"] = strconv.Itoa(j.index)
	}
	if j.runs() {
		line["state"], line["nodelist"] = "RUNNING", hostList(j.workers)
	}
	return line
}

// hostList returns the short form of names that end in a number, as Slurm prints it. The
// names are in order.
func hostList(names []string) string {
	var out []string
	for i := 0; i < len(names); {
		prefix, first := splitNumber(names[i])
		ranges := ""
		for i < len(names) {
			p, from := splitNumber(names[i])
			if p != prefix {
				break
			}
			to := from
			for i++; i < len(names) && names[i] == prefix+strconv.Itoa(to+1); i++ {
				to++
			}
			if ranges != "" {
				ranges += ","
			}
			ranges += strconv.Itoa(from)
			if to > from {
				ranges += "-" + strconv.Itoa(to)
			}
		}
		if ranges == strconv.Itoa(first) {
			out = append(out, prefix+ranges)
		} else {
			out = append(out, prefix+"["+ranges+"]")
		}
	}
	return strings.Join(out, ",")
}

// splitNumber splits a worker's name before its number.
func splitNumber(name string) (prefix string, number int) {
	i := strings.LastIndexByte(name, '-') + 1
	number, _ = strconv.Atoi(name[i:]) // names of workers end in a number
	return name[:i], number
}
