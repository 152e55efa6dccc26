package loadleveler

// meaning is what a state of a step means for the scaler.
type meaning int

const (
	unknown meaning = iota
	waits           // it counts, if nothing else speaks against it
	rests           // it waits, and does not count
	held            // it waits for a person
	busy            // it has machines, or is about to get or leave them
	ended           // it has no machine any more
)

// state is a state of a step. Totals is where the last line of llq counts it: the
// positions of its numbers, of which one is right.
type state struct {
	means  meaning
	why    string // of rests and held: why the step does not count
	totals []int
}

// Positions of the numbers in a totals line.
const (
	countWaiting = iota
	countPending
	countRunning
	countHeld
	countPreempted
	countOthers // those that only the number of all steps counts, or none
	countKinds
)

var anyCount = []int{countWaiting, countPending, countRunning, countHeld, countPreempted, countOthers}

// states are LoadLeveler's states by their abbreviations, as llq prints them without -l.
// From "Using and Administering" (LoadLeveler job states). A totals line counts NQ as held
// (recorded in Kepler's JobSupportLoadLeveler); of the states that are not obvious, any
// number may count them.
var states = map[string]state{
	"I":  {means: waits, totals: []int{countWaiting}},
	"D":  {means: waits, totals: anyCount},
	"NQ": {means: rests, why: "not in the queue yet: a limit of its user's steps, another step, or its schedd is down (Not Queued)", totals: anyCount},
	"NR": {means: rests, why: "its dependency can't be met any more (Not Run)", totals: anyCount},
	"H":  {means: held, why: "held by its user (User Hold)", totals: []int{countHeld}},
	"S":  {means: held, why: "held by an administrator (System Hold)", totals: []int{countHeld}},
	"HS": {means: held, why: "held by its user and by an administrator (User & System Hold)", totals: []int{countHeld}},
	"P":  {means: busy, totals: []int{countPending}},
	"ST": {means: busy, totals: anyCount},
	"R":  {means: busy, totals: []int{countRunning}},
	"E":  {means: busy, totals: anyCount}, "EP": {means: busy, totals: anyCount}, "MP": {means: busy, totals: anyCount}, "CK": {means: busy, totals: anyCount},
	"CP": {means: busy, totals: anyCount}, "RP": {means: busy, totals: anyCount}, "XP": {means: busy, totals: anyCount}, "VP": {means: busy, totals: anyCount},
	"C": {means: ended, totals: anyCount}, "CA": {means: ended, totals: anyCount}, "RM": {means: ended, totals: anyCount}, "TX": {means: ended, totals: anyCount},
	"X": {means: ended, totals: anyCount}, "V": {means: ended, totals: anyCount}, "SX": {means: ended, totals: anyCount},
}

// abbreviations are the states by the words of llq -l.
var abbreviations = map[string]string{
	"Idle": "I", "Deferred": "D", "Not Queued": "NQ", "NotQueued": "NQ", "Not Run": "NR", "NotRun": "NR",
	"User Hold": "H", "System Hold": "S", "User & System Hold": "HS", "User and System Hold": "HS",
	"Pending": "P", "Starting": "ST", "Running": "R", "Preempted": "E", "Preempt Pending": "EP", "Resume Pending": "MP", "Checkpointing": "CK",
	"Complete Pending": "CP", "Remove Pending": "RP", "Reject Pending": "XP", "Vacate Pending": "VP",
	"Completed": "C", "Canceled": "CA", "Removed": "RM", "Terminated": "TX", "Rejected": "X", "Vacated": "V", "Submission Error": "SX",
}
