package slurm

import (
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// demanded is what a job asks for in amounts.
type demanded struct {
	asks      queue.Shape // of each of its nodes; of each task if there are tasks
	nodes     int         // number of nodes; 1 or more
	tasks     int         // tasks that may be spread over any nodes; 0: none
	exclusive bool        // the job shares no node
}

// many reports whether the job may be on several nodes.
func (d demanded) many() bool { return d.nodes > 1 || d.tasks > 1 }

// workers returns on how many nodes the job runs; of tasks that may be spread, on how many
// at most.
func (d demanded) workers() int { return max(d.nodes, d.tasks) }

// demandOf reads what a job asks for. Slurm's options are of three kinds: amounts of a node
// (--mem, --gres, --gpus-per-node, --tmp), of a task (--cpus-per-task, --mem-per-cpu,
// --gpus-per-task), and of the whole job (--ntasks, --gpus). A job with amounts of a node
// or of the whole, or with one number of nodes, asks for the same of each of its nodes;
// one with amounts of tasks alone can be spread in any way.
//
// Of a job that waits, NumNodes is the most nodes that --nodes allows or, without that
// option, Slurm's estimate by the largest nodes; the node count among its resources is
// the least that --nodes allows, or 1.
func demandOf(r record, m manner) demanded {
	resources := r.text(fieldAllocated)
	a := amounts{
		cpus: max(1, r.number(fieldCpus)), tasks: max(1, r.number(fieldTasks)), perTask: max(1, r.number(fieldCpusPerTask)),
		nodes: max(1, r.number(fieldNodeCount)), least: max(1, whole(resource(resources, "node"))), tasksPerNode: r.number(fieldTasksPerNode),
		memory: mib(r.text(fieldMemory)), disk: mib(r.text(fieldDisk)),
		gpusOfJob: gpusIn(r.text(fieldPerJob)), gpusOfNode: gpusIn(r.text(fieldPerNode)), gpusOfTask: gpusIn(r.text(fieldPerTask)),
		open:      !m.estimated,
		cpusOfGPU: gpusIn(r.text(fieldCpusPerGPU)), memoryOfGPU: gpusIn(r.text(fieldMemoryPerGPU)),
	}
	if perSocket := gpusIn(r.text(fieldPerSocket)); perSocket > 0 {
		a.gpusOfNode = max(a.gpusOfNode, bounded(perSocket*max(1, r.number(fieldSockets))))
	}
	// MinMemory does not say what it is of, but the resources have the sum. Where one CPU on
	// one node leaves that open and GPUs add CPUs, the larger amount is taken.
	total := mib(resource(resources, "mem"))
	a.memoryOfCPU = a.memory > 0 && total == a.memory*a.cpus && (total != a.memory*a.least || a.cpusOfGPU > 0)
	d := a.demanded()
	d.exclusive = r.text(fieldShared) == "NO" || m.memory && a.memory == 0 && a.memoryOfGPU == 0
	return d
}

// amounts are the amounts of a job by what they are of.
type amounts struct {
	cpus, tasks, perTask   int
	nodes, least           int  // see demandOf
	open                   bool // nodes is no estimate
	tasksPerNode           int  // 0: any number
	memory, disk           int  // MiB
	memoryOfCPU            bool
	gpusOfJob, gpusOfNode  int
	gpusOfTask             int
	cpusOfGPU, memoryOfGPU int
}

func (a amounts) demanded() demanded {
	if a.spreads() {
		task := queue.Shape{Cpus: a.perTask, GPUs: a.gpusOfTask}
		return demanded{asks: a.withGPUs(task), nodes: min(a.least, a.tasks), tasks: a.tasks}
	}
	tasks := quotient(a.tasks, a.nodes)
	if a.tasksPerNode > 0 {
		tasks = min(tasks, a.tasksPerNode)
	}
	node := queue.Shape{
		Cpus: max(bounded(tasks*a.perTask), quotient(a.cpus, a.nodes)), MemoryMiB: a.memory, DiskKiB: bounded(a.disk) * 1024,
		GPUs: max(a.gpusOfNode, bounded(tasks*a.gpusOfTask), quotient(a.gpusOfJob, a.nodes)),
	}
	return demanded{asks: a.withGPUs(node), nodes: a.nodes}
}

// spreads reports whether the tasks can be on any number of nodes, each with as many
// tasks as it has room for. Tasks that fit on one of the largest nodes are asked for on one
// node: what squeue prints of --nodes=1 is the same.
func (a amounts) spreads() bool {
	ofNode := a.tasksPerNode > 0 || a.gpusOfJob > 0 || a.gpusOfNode > 0 || a.disk > 0 || a.memory > 0 && !a.memoryOfCPU
	return a.tasks > 1 && (a.nodes > a.least || a.open && a.least == 1) && !ofNode
}

// withGPUs adds what is asked for with each GPU.
func (a amounts) withGPUs(s queue.Shape) queue.Shape {
	s.Cpus = max(s.Cpus, bounded(a.cpusOfGPU*s.GPUs))
	if a.memoryOfCPU {
		s.MemoryMiB = bounded(a.memory * s.Cpus)
	}
	s.MemoryMiB = max(s.MemoryMiB, bounded(a.memoryOfGPU*s.GPUs))
	return s
}

func bounded(n int) int { return min(n, mostAmount) }

func quotient(n, by int) int { return (n + by - 1) / by }

// resource returns the amount of a resource of a whole job: "2000M" is that of mem in
// "cpu=4,mem=2000M,node=2,billing=4".
func resource(resources, name string) string {
	for item := range strings.SplitSeq(resources, ",") {
		if key, value, _ := strings.Cut(item, "="); key == name {
			return value
		}
	}
	return ""
}
