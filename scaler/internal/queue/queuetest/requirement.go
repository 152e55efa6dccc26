package queuetest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// The language of the clauses of the batch system that Traits describes has two
// kinds: `attribute == "text"` and `amount >= number`.
func init() { queue.RegisterJudge(Traits().System, judge) }

// Has returns the requirement that an attribute has a value. A worker of which the
// attribute is not known meets it.
func Has(attribute, value string) *queue.Requirement {
	return &queue.Requirement{
		Clauses:  []string{fmt.Sprintf("%s == %q", attribute, value)},
		Personal: Traits().Attributes.IsPersonal(attribute),
	}
}

// FreeMemory returns the requirement that a worker has free memory, in MiB,
// whatever the jobs ask for.
func FreeMemory(least int) *queue.Requirement {
	return &queue.Requirement{Clauses: []string{fmt.Sprintf("memory >= %d", least)}, Amounts: true}
}

// FreeGPUs returns the requirement that a worker has free GPUs. It does not say
// that it depends on amounts: GPUs are packed.
func FreeGPUs(least int) *queue.Requirement {
	return &queue.Requirement{Clauses: []string{fmt.Sprintf("gpus >= %d", least)}}
}

func judge(r *queue.Requirement, worker queue.Attributes, free queue.Shape, steps int) queue.Judgement {
	var out queue.Judgement
	if len(r.NotJudged) > 0 {
		out.NotJudged = r.NotJudged[0]
	}
	for _, clause := range r.Clauses {
		if out.Steps++; out.Steps > steps {
			out.Steps, out.NotJudged = steps, "there are too many clauses"
			break
		}
		if !meets(clause, worker, free) {
			out.Unmet = clause
			break
		}
	}
	return out
}

func meets(clause string, worker queue.Attributes, free queue.Shape) bool {
	if name, quoted, ok := strings.Cut(clause, " == "); ok {
		want, err := strconv.Unquote(quoted)
		v, told := worker[name]
		return err != nil || !told || v == want
	}
	name, number, _ := strings.Cut(clause, " >= ")
	least, err := strconv.Atoi(number)
	amounts := map[string]int{"cpus": free.Cpus, "memory": free.MemoryMiB, "gpus": free.GPUs}
	return err != nil || amounts[name] >= least
}
