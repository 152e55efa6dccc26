package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

const bounds = "group \"cpu\" {\n  max = %d\n}\npolicy {\n  interval = \"100ms\"\n  pool_settle = \"0s\"\n  scale_out_after = \"0s\"\n  drain_recheck = \"0s\"\n}\n"

func contains(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			t.Errorf("it lacks %q:\n%s", w, text)
		}
	}
}

func TestStatus(t *testing.T) {
	s := newStage(t, fmt.Sprintf(bounds, 5))
	out, _ := s.run(exitOK, "status")
	contains(t, out, "astro, generation", "GROUP", "cpu ", "astro-cpu-2", "booting", "w1 ", "foreign")
	out, _ = s.run(exitOK, "status", "--json")
	var doc struct {
		Cluster string
		Queue   struct{ Waiting, Running int }
		Workers []struct{ Name, Phase string }
		Scaler  *struct{}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || doc.Cluster != "astro" || len(doc.Workers) < 4 || doc.Queue.Running == 0 || doc.Scaler != nil {
		t.Errorf("%+v, %v\n%s", doc, err, out)
	}
	if s.slotWasCleared() {
		t.Error("the front-end's report was taken")
	}
}

// The rules are told without a cluster or a queue to look at.
func TestAccessRules(t *testing.T) {
	s := newStage(t, "")
	if err := os.RemoveAll(s.bin); err != nil {
		t.Fatal(err)
	}
	s.cloud.ResetCalls()
	out, _ := s.run(exitOK, "status", "--access-rules")
	var rules []struct{ Service, Method, Path string }
	if err := json.Unmarshal([]byte(out), &rules); err != nil || len(rules) < 15 {
		t.Fatalf("%d rules, %v:\n%s", len(rules), err, out)
	}
	contains(t, out, `"path": "/compute/v2.1/servers/detail"`, `"path": "/compute/v2.1/limits"`, `"path": "/network/v2.0/ports/*"`)
	if n := s.cloud.TotalCalls(); n > 2 {
		t.Errorf("%d calls for a login and its catalog: %v", n, s.cloud.Calls())
	}
}

func TestStatusIsRepeated(t *testing.T) {
	s := newStage(t, fmt.Sprintf(bounds, 5))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out output
	done := make(chan int)
	go func() { done <- run(ctx, []string{"status", "--watch", "--config", s.file}, &out, io.Discard) }()
	eventually(t, func() bool { return strings.Count(out.String(), "GROUP") >= 2 }, out.String)
	cancel()
	if code := <-done; code != exitOK {
		t.Errorf("exit status %d", code)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("control characters in what is no terminal")
	}
}

func TestExplain(t *testing.T) {
	log := filepath.Join(t.TempDir(), "decisions.jsonl")
	s := newStage(t, fmt.Sprintf(bounds, 5)+fmt.Sprintf("log {\n  decisions = %q\n}\nactuator \"dry-run\" {}\n", log))
	s.run(exitOK, "once")
	out, _ := s.run(exitOK, "explain", "astro-cpu-1")
	contains(t, out, "worker astro-cpu-1", "on its way into the pool", "Server ")
	out, _ = s.run(exitOK, "explain", "cpu")
	contains(t, out, "group cpu", "0 to 5 workers", "2 booting")
	out, _ = s.run(exitOK, "explain", "6.1")
	contains(t, out, "job 6.1", "asks for 4 CPUs", "no group can ever run them")
	out, _ = s.run(exitOK, "explain", "w1", "--json")
	contains(t, out, `"kind": "worker"`, "not of this cluster")
	_, text := s.run(exitFailed, "explain", "6.7")
	contains(t, text, "job 6.7: no queue holds that job")
	_, text = s.run(exitFailed, "explain", "nobody")
	contains(t, text, `nothing is known of "nobody"; there are: cpu, astro-cpu-1, astro-cpu-2`)
	_, text = s.run(exitUsage, "explain")
	contains(t, text, "explain what?")

	t.Setenv("OS_AUTH_URL", "http://127.0.0.1:1/v3")
	if err := os.WriteFile(log, []byte(`{"time":"2026-11-22T12:00:10Z","cluster":"astro","remove":[{"worker":"astro-cpu-7","group":"cpu","reason":"its server is in ERROR"}]}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ = s.run(exitOK, "explain", "astro-cpu-7")
	contains(t, out, "How it is now can not be seen: log in at http://127.0.0.1:1/v3: no service listens", "2026-11-22 12:00:10  remove  its server is in ERROR")
	_, text = s.run(exitFailed, "explain", "6.1")
	contains(t, text, "only the queue knows it, and it can not be read")
	_, text = s.run(exitFailed, "explain", "astro-cpu-9")
	contains(t, text, `does not name "astro-cpu-9"`)
}

// With --detailed-exitcode the exit status shows whether there is something to do.
func TestDetailedExitCode(t *testing.T) {
	s := newStage(t, "group \"cpu\" {\n  min = 3\n  max = 3\n}\n")
	s.run(exitOK, "plan")
	out, _ := s.run(exitActed, "plan", "--detailed-exitcode")
	contains(t, out, "add 1")
	s.configure("group \"cpu\" {\n  min = 2\n  max = 2\n}\n")
	s.run(exitOK, "plan", "--detailed-exitcode")
	if s.slotWasCleared() {
		t.Error("a plan took the front-end's report")
	}
	s.configure("group \"cpu\" {\n  min = 2\n  max = 2\n}\npolicy {\n  scale_out_after = \"0s\"\n  drain_recheck = \"0s\"\n}\n")
	s.run(exitOK, "once", "--detailed-exitcode")
	if !s.slotWasCleared() {
		t.Error("one that acts left an old report in the slot: no newer one can come")
	}
}

// eventually waits until something holds; a machine may be slow, so the limit is far.
func eventually(t *testing.T, holds func() bool, told func() string) {
	t.Helper()
	for range 1200 {
		if holds() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("it did not come to that:\n%s", told())
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

// A running scaler shows itself, and takes over what has changed on SIGHUP.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.jsonl"), filepath.Join(dir, "second.jsonl")
	config := func(most int, log, more string) string {
		return more + "listen = \"127.0.0.1:0\"\nactuator \"dry-run\" {}\n" + fmt.Sprintf(bounds, most) + fmt.Sprintf("log {\n  decisions = %q\n}\n", log)
	}
	s := newStage(t, config(5, first, ""))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var text output
	done := make(chan int)
	go func() { done <- run(ctx, []string{"run", "--config", s.file}, io.Discard, &text) }()
	eventually(t, func() bool { return strings.Contains(text.String(), "started:") }, text.String)
	base := "http://" + regexp.MustCompile(`address=(\S+)`).FindStringSubmatch(text.String())[1]
	metrics := func() string { _, body := get(t, base+"/metrics"); return body }
	eventually(t, func() bool {
		return strings.Contains(metrics(), `vmcluster_scaler_group_bound{bound="max",group="cpu"} 5`)
	}, metrics)
	if code, body := get(t, base+"/healthz"); code != 200 || !strings.HasPrefix(body, "ok: ") {
		t.Errorf("health: %d %s", code, body)
	}
	if code, body := get(t, base+"/"); code != 200 || !strings.Contains(body, "astro-cpu-1") {
		t.Errorf("page: %d %s", code, body)
	}
	hup := func() {
		t.Helper()
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}

	s.configure("cluster = 3 +\n")
	hup()
	eventually(t, func() bool { return strings.Contains(text.String(), "the changed configuration is not used") }, text.String)
	contains(t, text.String(), s.file+":")

	s.configure(config(7, second, "cloud = \"elsewhere\"\n"))
	hup()
	eventually(t, func() bool {
		return strings.Contains(metrics(), `vmcluster_scaler_group_bound{bound="max",group="cpu"} 7`)
	}, metrics)
	contains(t, text.String(), "these settings stay as they were until a restart: changed=cloud")
	size := func(path string) int64 {
		if info, err := os.Stat(path); err == nil {
			return info.Size()
		}
		return 0
	}
	eventually(t, func() bool { return size(second) > 0 }, text.String)
	if size(first) == 0 {
		t.Error("the first file of decisions is empty")
	}
	cancel()
	if code := <-done; code != exitOK {
		t.Errorf("exit status %d:\n%s", code, text.String())
	}
	if s.slotWasCleared() {
		t.Error("a dry run took the front-end's report")
	}
}

func TestRunSaysWhyItDoesNotStart(t *testing.T) {
	s := newStage(t, "listen = \"127.0.0.1:0\"\nweb {\n  username = \"ops\"\n}\n"+fmt.Sprintf(bounds, 5))
	t.Setenv("VMCLUSTER_SCALER_PASSWORD", "")
	_, text := s.run(exitFailed, "run")
	contains(t, text, "the page's password is not set")
}
