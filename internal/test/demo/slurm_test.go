package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// What the played scontrol prints has the keys of what the real one has printed, in the
// same order, and its lines have the same form.
func TestSlurmPrintsWhatTheRealOnePrints(t *testing.T) {
	p := newPool(func(string) bool { return true }, func(string) string { return "5c1c7a4e-0000-4000-8000-000000000001" })
	p.step([]string{"astro-cpu-1"}, time.Now())
	for what, file := range map[string]string{"nodes": "nodes.txt", "partitions": "partitions.txt"} {
		recorded, err := os.ReadFile("../../../scaler/internal/queue/slurm/testdata/24.11/" + file)
		if err != nil {
			t.Fatal(err)
		}
		played, err := answerSlurm(p, call{Tool: "scontrol", Args: []string{"-a", "-d", "-o", "show", what}}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		recordedForms := forms(string(recorded))
		for _, form := range forms(played) {
			if !slices.Contains(recordedForms, form) {
				t.Errorf("show %s is played as\n%s\nand was recorded as\n%s", what, form, strings.Join(recordedForms, "\n"))
			}
		}
	}
}

var (
	values  = regexp.MustCompile(`=[^ \n]*`)
	systems = regexp.MustCompile(`OS=.*  RealMemory`)
)

// forms returns the lines of an output without values.
func forms(output string) []string {
	output = systems.ReplaceAllString(output, "OS=  RealMemory")
	return strings.Split(strings.TrimSuffix(values.ReplaceAllString(output, "="), "\n"), "\n")
}

func TestHostList(t *testing.T) {
	for want, names := range map[string][]string{
		"":                              nil,
		"astro-cpu-1":                   {"astro-cpu-1"},
		"astro-cpu-[1-2]":               {"astro-cpu-1", "astro-cpu-2"},
		"astro-cpu-[1,3-5]":             {"astro-cpu-1", "astro-cpu-3", "astro-cpu-4", "astro-cpu-5"},
		"astro-cpu-2,astro-gpu-[1,3,7]": {"astro-cpu-2", "astro-gpu-1", "astro-gpu-3", "astro-gpu-7"},
	} {
		if got := hostList(names); got != want {
			t.Errorf("%v: %q, want %q", names, got, want)
		}
	}
}
