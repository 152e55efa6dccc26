package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/bench"
)

func TestContestantsTakeTurns(t *testing.T) {
	door, err := bench.OpenDoor("http://cloud.test/v3", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	var order []string
	cleaned := 0
	make := func(name string, fail bool) contestant {
		return contestant{
			name: name, cleanUp: func(context.Context) error { cleaned++; return nil },
			steps: []step{{create, func(context.Context) (bench.Usage, error) {
				order = append(order, name)
				if fail {
					return bench.Usage{}, errors.New("refused")
				}
				return bench.Usage{Wall: time.Second}, nil
			}}},
		}
	}
	var results []result
	said := func(r result) { results = append(results, r) }
	if err := compete(t.Context(), 2, []contestant{make("a", false), make("b", false)}, door, said); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "b", "a"}; !slices.Equal(order, want) || len(results) != 4 || cleaned != 0 {
		t.Errorf("order %v, want %v; %d results, %d cleaned up", order, want, len(results), cleaned)
	}
	err = compete(t.Context(), 2, []contestant{make("c", true), make("d", false)}, door, said)
	if err == nil || !strings.Contains(err.Error(), "c, round 1: create: refused") || cleaned != 1 {
		t.Errorf("after a failure: %v, %d cleaned up", err, cleaned)
	}
}

func TestResults(t *testing.T) {
	all := []contestant{{name: "ours", program: "p"}, {name: "bare API"}}
	var results []result
	for round, seconds := range []int{30, 10, 20} {
		results = append(results,
			result{round: round + 1, contestant: "ours", step: create, wall: time.Duration(seconds) * time.Second, calls: 50 + round, provider: 40, cli: 80},
			result{round: round + 1, contestant: "bare API", step: create, wall: 16 * time.Second, calls: 45},
			result{round: round + 1, contestant: "ours", step: plan, wall: time.Second, calls: 2, provider: 30, cli: 70},
		)
	}
	var out strings.Builder
	if err := writeResults(&out, all, results); err != nil {
		t.Fatal(err)
	}
	var got [][]string
	for line := range strings.Lines(out.String()) {
		got = append(got, strings.Fields(line))
	}
	want := [][]string{
		{"STEP", "BY", "WALL", "(MEDIAN)", "RATIO", "ROUNDS", "CALLS", "PROVIDER", "COMMAND", "LINE"},
		{"create", "ours", "20.00", "s", "1.25", "30.0", "10.0", "20.0", "51", "40", "MB", "80", "MB"},
		{"create", "bare", "API", "16.00", "s", "1.00", "16.0", "16.0", "16.0", "45"},
		{"plan", "ours", "1.00", "s", "1.0", "1.0", "1.0", "2", "30", "MB", "70", "MB"},
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("results are\n%s", out.String())
	}
}

// The entry that leads through the door has the secret of secure.yaml and nothing of TLS.
func TestEntryThroughTheDoor(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := write("clouds.yaml", "clouds:\n  mine:\n    auth: {auth_url: 'https://cloud.test/v3', username: me}\n    region_name: R\n    verify: false\n  bare: {auth: {username: me}}\n")
	write("secure.yaml", "clouds: {mine: {auth: {password: secret}}}\n")
	e, err := readEntry(path, "mine")
	if err != nil {
		t.Fatal(err)
	}
	if e.authURL() != "https://cloud.test/v3" || !e.trust.InsecureSkipVerify {
		t.Errorf("read %s, verify %v", e.authURL(), !e.trust.InsecureSkipVerify)
	}
	text, err := e.through("http://127.0.0.1:1/origin-0/v3")
	if err != nil {
		t.Fatal(err)
	}
	write("through.yaml", string(text))
	again, err := readEntry(filepath.Join(dir, "through.yaml"), entryName)
	if err != nil {
		t.Fatal(err)
	}
	if again.authURL() != "http://127.0.0.1:1/origin-0/v3" || again.auth["password"] != "secret" || again.values["region_name"] != "R" || strings.Contains(string(text), "verify") {
		t.Errorf("leads by\n%s", text)
	}
	for _, name := range []string{"none", "bare"} {
		if _, err := readEntry(path, name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("entry %s: %v", name, err)
		}
	}
}
