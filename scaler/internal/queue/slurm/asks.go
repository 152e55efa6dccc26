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

// demandOf reads what a job asks for. Slurm's options fall into three kinds: amounts of a
// node (--mem, --gres, --gpus-per-node, --tmp), of a task (--cpus-per-task,
// --mem-per-cpu, --gpus-per-task), and of the whole job (--ntasks, --gpus). A job with
// amounts of a node or of the job, or with a number of nodes, asks for the same of each
// of its nodes; one with amounts of tasks alone can be spread in any way.
func demandOf(r record, memory bool) demanded {
	a := amounts{
		cpus: max(1, r.number(fieldCpus)), tasks: max(1, r.number(fieldTasks)), perTask: max(1, r.number(fieldCpusPerTask)),
		nodes: max(1, r.number(fieldNodeCount)), tasksPerNode: r.number(fieldTasksPerNode),
		memory: mib(r.text(fieldMemory)), disk: mib(r.text(fieldDisk)),
		gpusOfJob: counted(r.text(fieldPerJob), "gpu"), gpusOfNode: counted(r.text(fieldPerNode), "gpu"), gpusOfTask: counted(r.text(fieldPerTask), "gpu"),
		cpusOfGPU: counted(r.text(fieldCpusPerGPU), "gpu"), memoryOfGPU: counted(r.text(fieldMemoryPerGPU), "gpu"),
	}
	if perSocket := counted(r.text(fieldPerSocket), "gpu"); perSocket > 0 {
		a.gpusOfNode = max(a.gpusOfNode, perSocket*max(1, r.number(fieldSockets)))
	}
	allocated := r.text(fieldAllocated)
	total := totalMemory(allocated)
	a.memoryOfCPU = a.memory > 0 && total == a.memory*a.cpus && total != a.memory*a.nodes
	a.fixed = a.nodes > 1 && nodesIn(allocated) == a.nodes
	exclusive := r.text(fieldShared) == "NO" || memory && a.memory == 0 && a.memoryOfGPU == 0
	return a.demanded(exclusive)
}

// amounts are the amounts of a job by what they are of.
type amounts struct {
	cpus, tasks, perTask      int
	nodes, tasksPerNode       int
	fixed                     bool // the job names the number of its nodes
	memory, disk              int
	memoryOfCPU               bool // the memory is of each CPU, not of each node
	gpusOfJob, gpusOfNode     int
	gpusOfTask                int
	cpusOfGPU, memoryOfGPU    int
}

func (a amounts) demanded(exclusive bool) demanded {
	if a.tasks > 1 && !a.fixed && a.spreads() {
		task := queue.Shape{Cpus: a.perTask, GPUs: a.gpusOfTask}
		if a.memoryOfCPU {
			task.MemoryMiB = bounded(a.memory * a.perTask)
		}
		return demanded{asks: a.withGPUs(task), nodes: 1, tasks: a.tasks, exclusive: exclusive}
	}
	tasks := quotient(a.tasks, a.nodes)
	if a.tasksPerNode > 0 {
		tasks = min(tasks, a.tasksPerNode)
	}
	node := queue.Shape{
		Cpus: max(bounded(tasks*a.perTask), quotient(a.cpus, a.nodes)), DiskKiB: a.disk * 1024,
		GPUs: max(a.gpusOfNode, bounded(tasks*a.gpusOfTask), quotient(a.gpusOfJob, a.nodes)),
	}
	if node.MemoryMiB = a.memory; a.memoryOfCPU {
		node.MemoryMiB = bounded(a.memory * node.Cpus)
	}
	return demanded{asks: a.withGPUs(node), nodes: a.nodes, exclusive: exclusive}
}

// spreads reports whether the tasks can be on any number of nodes, each with as many
// tasks as it has room for.
func (a amounts) spreads() bool {
	return a.tasksPerNode == 0 && a.gpusOfJob == 0 && a.gpusOfNode == 0 && a.disk == 0 && (a.memoryOfCPU || a.memory == 0)
}

// withGPUs adds what is asked for with each GPU.
func (a amounts) withGPUs(s queue.Shape) queue.Shape {
	s.Cpus = max(s.Cpus, bounded(a.cpusOfGPU*s.GPUs))
	s.MemoryMiB = max(s.MemoryMiB, bounded(a.memoryOfGPU*s.GPUs))
	return s
}

func bounded(n int) int { return min(n, mostAmount) }

func quotient(n, by int) int { return (n + by - 1) / by }

// totalMemory returns the memory of a whole job in MiB from its trackable resources,
// "cpu=4,mem=2000M,node=2,billing=4".
func totalMemory(resources string) int { return mib(resource(resources, "mem")) }

func nodesIn(resources string) int { return whole(resource(resources, "node")) }

func resource(resources, name string) string {
	for item := range strings.SplitSeq(resources, ",") {
		if key, value, _ := strings.Cut(item, "="); key == name {
			return value
		}
	}
	return ""
}
