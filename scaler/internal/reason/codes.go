package reason

// Why something that was decided is not done, or did not work.
const (
	PutOff         Code = "put_off"
	ConsoleFirst   Code = "console_first"
	CallsUnderWay  Code = "calls_under_way"
	DiscardUnknown Code = "discard_unknown"
	WorkerNotMade  Code = "worker_not_made"
	NothingCame    Code = "nothing_came"
)

// Other is a reason that is known by its words alone.
const Other Code = "other"

// Why a round does nothing at all, or removes nothing.
const (
	FactsStale     Code = "facts_stale"
	TooManySick    Code = "too_many_sick"
	SickStopped    Code = "sick_stopped"
	SickError      Code = "sick_error"
	SickUnreached  Code = "sick_unreached"
	SickLost       Code = "sick_lost"
	FactsPartial   Code = "facts_partial"
	DirectoryYoung Code = "directory_young"
)

// Why waiting jobs cause no worker, or no group is managed.
const (
	EntryLeftOut     Code = "entry_left_out"
	JobsNotCounted   Code = "jobs_not_counted"
	JobsUnmet        Code = "jobs_unmet"
	JobsNotJudged    Code = "jobs_not_judged"
	OtherReasons     Code = "other_reasons"
	JobsPassedOver   Code = "jobs_passed_over"
	JobsBlocked      Code = "jobs_blocked"
	StrangerRefuses  Code = "stranger_refuses"
	GroupNotThere    Code = "group_not_there"
	NoGroupIsManaged Code = "no_group_is_managed"
	GroupHasCount    Code = "group_has_count"
	GroupHasScaling  Code = "group_has_scaling"
	GroupNotCounted  Code = "group_not_counted"
)

// Why no group gets a new worker for waiting jobs.
const (
	NoGroupInCharge     Code = "no_group_in_charge"
	GroupNotInCluster   Code = "group_not_in_cluster"
	GroupNotInCharge    Code = "group_not_in_charge"
	GroupsAtMax         Code = "groups_at_max"
	GroupAtMax          Code = "group_at_max"
	SizeNotKnown        Code = "size_not_known"
	AskedGroupNeverFits Code = "asked_group_never_fits"
	NoGroupEverFits     Code = "no_group_ever_fits"
	OnlyCertainWorkers  Code = "only_certain_workers"
	WorkerTooSmall      Code = "worker_too_small"
	WorkerJustTooSmall  Code = "worker_just_too_small"
	RequirementsUnmet   Code = "requirements_unmet"
	GangTooLarge        Code = "gang_too_large"
	GangTooFew          Code = "gang_too_few"
	TasksTooMany        Code = "tasks_too_many"
	TasksTooFew         Code = "tasks_too_few"
	GroupMax            Code = "group_max"
	GroupMaxTasks       Code = "group_max_tasks"
	GangOverInFlight    Code = "gang_over_max_in_flight"
)

// ReadyToEnrol says why a worker is written into the roster.
const ReadyToEnrol Code = "ready_to_enrol"

// Why workers are added.
const (
	DemandLasted     Code = "demand_lasted"
	JobsFoundNoPlace Code = "jobs_found_no_place"
	SparesAreMissing Code = "spares_are_missing"
	FewerThanMin     Code = "fewer_than_min"
	DemandHeld       Code = "demand_held"
	HeldForJobs      Code = "held_for_jobs"
	HeldForSpares    Code = "held_for_spares"
	OutCooldown      Code = "scale_out_cooldown"
	AtMax            Code = "at_max"
	AtMaxCreate      Code = "at_max_create"
	AtMaxInFlight    Code = "at_max_in_flight"
	NamesBeingFreed  Code = "names_being_freed"
	QuotaExceeded    Code = "quota_exceeded"
	QuotaLeft        Code = "quota_left"
	GroupPauses      Code = "group_pauses"
	GangsPutOff      Code = "gangs_put_off"
	ZonesAvoided     Code = "zones_avoided"
	ProbeUnderWay    Code = "probe_under_way"
	ProbeFirst       Code = "probe_first"
	NotedEarlier     Code = "noted_by_earlier_scaler"
)

// Why an idle worker stays, or is asked to leave.
const (
	IdleLongEnough    Code = "idle_long_enough"
	KeptLongEnough    Code = "kept_long_enough"
	IdleNotLongEnough Code = "idle_not_long_enough"
	IdleJobsFit       Code = "idle_jobs_fit"
	IdleProtected     Code = "idle_protected"
	IdleAtMin         Code = "idle_at_min"
	IdleSpare         Code = "idle_spare"
	IdleNotListed     Code = "idle_not_in_roster"
	IdleFactsUnsafe   Code = "idle_facts_unsafe"
	IdleAfterNewest   Code = "idle_newest_too_young"
	IdleAfterLastLeft Code = "idle_other_left_lately"
	IdleAtMaxRemove   Code = "idle_at_max_remove"
	IdleNoDrain       Code = "idle_no_drain"
	ClosedByOthers    Code = "closed_by_others"
	ServerStopped     Code = "server_stopped"
	BrokenButInPool   Code = "broken_but_in_pool"
	LeavesForOthers   Code = "leaves_for_others"
	MarkedByUs        Code = "marked"
	DrainsUnmarked    Code = "drains_unmarked"
	RecalledProtected Code = "recalled_protected"
	RecalledJobsCame  Code = "recalled_jobs_came"
	RecalledAsSpare   Code = "recalled_as_spare"
	RecalledForMin    Code = "recalled_for_min"
	RecalledHasJob    Code = "recalled_has_job"
	RecalledGotJob    Code = "recalled_got_job"
	RecalledNoDrain   Code = "recalled_no_drain"
	NotClosedYet      Code = "not_closed_yet"
	NotDrainedYet     Code = "not_drained_yet"
	IsClosed          Code = "is_closed"
	AskedAndAbsent    Code = "asked_and_absent"
	JobsByQueue       Code = "jobs_by_queue"
	NotRemovedNow     Code = "not_removed_now"
	ReadAgainFirst    Code = "read_again_first"
	RemovedClosed     Code = "removed_closed"
	RemovedDrained    Code = "removed_drained"
	RemovedAbsent     Code = "removed_absent"
)

// What the pool says of a worker, and what counts for nothing.
const (
	PoolUnproved     Code = "pool_unproved"
	PoolOtherServer  Code = "pool_other_server"
	PoolOtherAddress Code = "pool_other_address"
	PoolNoServer     Code = "pool_no_server"
	PoolContradicts  Code = "pool_contradicts_itself"
	PoolSameName     Code = "pool_same_name"
	PoolSpokenFor    Code = "pool_spoken_for"
	PoolTooMuch      Code = "pool_too_much"
)

// BoundsNarrowed says that the cluster's bounds of a group leave less than the block's.
const BoundsNarrowed Code = "bounds_narrowed"

// Why a server that will not do is deleted, or kept.
const (
	ServerInError   Code = "server_in_error"
	NotInPool       Code = "not_in_pool"
	NoServer        Code = "no_server"
	NeverEnrolled   Code = "never_enrolled"
	BeingDeleted    Code = "being_deleted"
	DeletedByOthers Code = "deleted_by_others"
	StillThere      Code = "still_there"
	SecondOfName    Code = "second_of_name"
	KeptProtected   Code = "kept_protected"
	KeptForJobs     Code = "kept_for_jobs"
	KeptMayHaveJobs Code = "kept_may_have_jobs"
	KeptDoubted     Code = "kept_doubted"
	DeletedLater    Code = "deleted_later"
	NotDeletedNow   Code = "not_deleted_now"
	LookedForAgain  Code = "looked_for_again"
)
