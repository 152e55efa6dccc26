package schema

import "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"

// field is what the schema says of one field beside its type.
type field struct {
	about    string // the description
	required bool
	also     map[string]any // further keywords
}

// nodeName is the pattern of a worker's name.
const nodeName = `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`

// Bounds of lists. 50,000 jobs are a few groups, and no cloud has 100,000 workers.
const (
	mostGroups  = 100_000
	mostWorkers = 100_000
	mostLines   = 10_000
	mostClauses = 1_000
)

// keywords of the schema that several fields share.
var (
	anyName  = map[string]any{"maxLength": queue.LongestName}
	anyID    = map[string]any{"minLength": 1, "maxLength": queue.LongestID}
	ofNode   = map[string]any{"pattern": nodeName, "maxLength": queue.LongestName}
	counted  = map[string]any{"maximum": queue.MostJobs}
	oneOrUp  = map[string]any{"minimum": 1, "maximum": queue.MostJobs}
	anAmount = map[string]any{"maximum": queue.MostAmount}
	lines    = map[string]any{"maxItems": mostLines}
	names    = map[string]any{"maxItems": mostClauses}
)

// fields are the fields of all types of a snapshot, as TYPE.FIELD.
var fields = map[string]field{
	"snapshot.version":    {"The version of this form.", true, map[string]any{"const": queue.FormatVersion}},
	"snapshot.traits":     {"What is peculiar to the batch system.", false, nil},
	"snapshot.jobs_at":    {"When the reading of the jobs began. What is older than max_age causes nothing.", false, nil},
	"snapshot.workers_at": {"When the reading of the workers began.", false, nil},
	"snapshot.pool_since": {"When the batch system's list of workers was started: a young list does not know all workers yet.", false, nil},
	"snapshot.partial":    {"What could not be read. Nothing is concluded from jobs and workers that are missing.", false, lines},
	"snapshot.left_out":   {"Single entries that could not be read, each with the reason. They hold back nothing.", false, lines},
	"snapshot.jobs":       {"Waiting jobs that a worker could run, in groups that ask for the same.", true, map[string]any{"maxItems": mostGroups}},
	"snapshot.skipped":    {"Waiting jobs that do not count, by reason.", false, lines},
	"snapshot.running":    {"Number of jobs that hold a slot somewhere.", false, counted},
	"snapshot.on_node":    {"Node name → number of jobs that the queue believes to be there.", false, map[string]any{"maxProperties": mostWorkers}},
	"snapshot.workers":    {"The members of the pool.", true, map[string]any{"maxItems": mostWorkers}},
	"snapshot.claims":     {"What members of the pool said in the names of others. It counts for nothing.", false, map[string]any{"maxItems": mostLines}},

	"claim.node": {"Name of the node that it is about.", true, anyName},
	"claim.by":   {"Name of the node whose credential it came with.", false, anyName},

	"skipped.why":   {"Why the jobs do not count, for people.", true, nil},
	"skipped.count": {"Number of the jobs.", true, oneOrUp},
	"skipped.first": {"ID of one of the jobs.", true, anyID},

	"job_group.key":       {"The same in each reading for jobs that ask for the same, and for no others. Left out, it follows from what they ask for.", false, map[string]any{"minLength": 1, "maxLength": queue.LongestKey}},
	"job_group.count":     {"Number of the jobs.", true, oneOrUp},
	"job_group.first":     {"ID of one of the jobs, for people.", true, anyID},
	"job_group.oldest":    {"When the first of them was queued.", false, nil},
	"job_group.asks":      {"What a job needs at least on each of its workers; with tasks, what one task needs.", true, nil},
	"job_group.takes":     {"What it takes of each, after the batch system's rounding. Left out, it is asks.", false, nil},
	"job_group.group":     {"Worker group that the jobs ask for. Left out, any will do.", false, anyName},
	"job_group.nodes":     {"On how many workers each job runs at once; with tasks, on how many at least. Left out, on one.", false, map[string]any{"maximum": queue.MostNodes}},
	"job_group.tasks":     {"How many tasks each job is, if they may be spread in any way over nodes or more workers.", false, map[string]any{"maximum": queue.MostTasks}},
	"job_group.one_group": {"All workers of a job are of the same worker group.", false, nil},
	"job_group.exclusive": {"A job shares its workers with no other job.", false, nil},
	"job_group.blocked":   {"Why the jobs cannot start now, however many workers there are. Such jobs cause no worker.", false, nil},
	"job_group.requires":  {"What the jobs demand of a worker beside amounts, in the language of the batch system's adapter.", false, nil},

	"shape.cpus":       {"CPUs.", false, anAmount},
	"shape.memory_mib": {"Memory in MiB.", false, anAmount},
	"shape.disk_kib":   {"Disk in KiB. 0 is not known.", false, anAmount},
	"shape.gpus":       {"GPUs.", false, anAmount},

	"requirement.clauses":    {"Expressions, all of which a worker must meet.", true, names},
	"requirement.job":        {"The jobs' attributes that the clauses name: name → expression.", false, nil},
	"requirement.amounts":    {"The answer depends on what is free on the worker.", false, nil},
	"requirement.personal":   {"The answer depends on attributes that differ from worker to worker.", false, nil},
	"requirement.partial":    {"The jobs may have attributes that job lacks.", false, nil},
	"requirement.not_judged": {"Parts that exceed a bound and are not among the clauses, each with the reason. They count as met.", false, names},

	"worker.name":       {"Node name, in lower case, as the cluster has it.", true, ofNode},
	"worker.slots":      {"Slots that jobs can claim; one that they divide among them counts once. Left out, one.", false, counted},
	"worker.total":      {"All that jobs can have of it.", true, nil},
	"worker.free":       {"What jobs can have of it now.", true, nil},
	"worker.running":    {"Number of claimed slots. A worker is removed only where it is 0.", true, counted},
	"worker.ran_before": {"Whether it had a job since it was started. The scaler notes itself which workers it has seen with one.", false, nil},
	"worker.idle_since": {"When it became empty. Left out, it counts from when the scaler first saw it empty.", false, nil},
	"worker.heard_at":   {"When the pool heard of it last.", false, nil},
	"worker.started":    {"When its daemon was started.", false, nil},
	"worker.identity":   {"The node that it has proved to be, see traits.identities.", false, anyName},
	"worker.server":     {"ID of its server, where the batch system knows it.", false, map[string]any{"maxLength": queue.LongestID}},
	"worker.address":    {"Where its daemons listen, by its own word.", false, map[string]any{"maxLength": queue.LongestID}},
	"worker.state":      {"Its state in the batch system's own words.", false, nil},
	"worker.draining":   {"It takes no new job.", false, nil},
	"worker.attributes": {"What it says of itself, by name in lower case: text, true, false, a whole number (4), a real one (4.0), or null: known not to be there.", false, map[string]any{"maxProperties": mostClauses}},

	"traits.system":         {"Name of the adapter, as in queue \"…\".", false, anyName},
	"traits.directory":      {"The batch system's word for its list of workers, for messages.", false, anyName},
	"traits.job_id":         {"A job's ID as an example.", false, map[string]any{"maxLength": queue.LongestID}},
	"traits.job_id_pattern": {"Regular expression (RE2) that matches the whole of each job's ID.", false, map[string]any{"maxLength": queue.LongestName}},
	"traits.match_seconds":  {"The longest usual time until the batch system gives a job to a free worker that fits it.", false, map[string]any{"maximum": 86400}},
	"traits.identities":     {"A worker of a cluster proves which node it is. What the pool says of one without that proof counts for nothing.", false, nil},
	"traits.actions":        {"What the scaler itself does to workers: drain, undrain, forget. The queue block says it.", false, names},
	"traits.attributes":     {"What the attributes of workers mean.", false, nil},

	"attribute_traits.machine":          {"Attribute with the full name of the worker's machine.", false, anyName},
	"attribute_traits.node":             {"Attribute with its node name.", false, anyName},
	"attribute_traits.group":            {"Attribute with its worker group.", false, anyName},
	"attribute_traits.personal":         {"Attributes that differ from worker to worker.", false, names},
	"attribute_traits.lasting":          {"Attributes that the group's next worker has as well, although they begin with a passing prefix.", false, names},
	"attribute_traits.passing":          {"Attributes that are measured, or change with time.", false, names},
	"attribute_traits.passing_prefixes": {"Beginnings of names of further such attributes.", false, names},
}
