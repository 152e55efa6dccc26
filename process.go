package main

import (
	"os"
	"runtime/debug"
)

// gcPercent is how much the heap grows between two garbage collections, in percent of
// what is in use. At Go's own 100 % a refresh and plan of 1,000 nodes spends a third of
// its processor time on the collector, and needs 41 MB; at 400 % it needs 62 MB.
const gcPercent = 400

// spareProcessor sets up the process so that a request of many nodes takes little time,
// where the environment does not say otherwise.
func spareProcessor() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
