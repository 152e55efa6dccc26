package main

import (
	"os"
	"runtime/debug"
	"strings"
)

// gcPercent is how much the heap grows between two garbage collections, in percent of
// what is in use. The plugin framework copies a resource's values some dozen times in one
// request: at Go's own 100 % a refresh and plan of 1,000 nodes spends about a fifth of its
// processor time on the collector, and needs 62 MB; at 400 % it needs about 120 MB.
const gcPercent = 400

// spareProcessor sets up the process so that a request of many nodes takes little time,
// where the environment does not say otherwise.
func spareProcessor() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if !logsAreRead(os.Environ()) {
		for _, variable := range frameworkLogs {
			_ = os.Setenv(variable, "OFF") // without it there are more lines, no other ones
		}
	}
}

// frameworkLogs set the level of the plugin framework's log lines (terraform-plugin-go and
// terraform-plugin-framework, internal/logging/environment_variables.go). Without the first
// the framework writes all of them, also where the CLI throws them away: 16,000 lines and
// 8 MB for a plan of 1,000 nodes, each of which the CLI decodes first. Without the second it
// still looks its logger up for each value of a resource, through a context that grows with
// each: a quarter of the provider's processor time for such a plan.
var frameworkLogs = []string{"TF_LOG_SDK", "TF_LOG_SDK_FRAMEWORK"}

// logsAreRead reports whether an environment (KEY=VALUE) asks for log lines of the CLI, of
// a provider or of the plugin framework, or of Terraform's test framework.
func logsAreRead(environ []string) bool {
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		asks := strings.HasPrefix(name, "TF_LOG") || strings.HasPrefix(name, "TF_ACC_LOG")
		if asks && value != "" && name != "TF_LOG_PATH" {
			return true
		}
	}
	return false
}
