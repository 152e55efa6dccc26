package doctor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/doctor"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

func replaceDir(text, dir string) string { return strings.ReplaceAll(text, "DIR", dir) }

// broken is one thing that is not right, and the lines that name it: those and no others
// are not "ok". A line is its state, its part, and a piece of its text.
type broken struct {
	name  string
	do    func(s *stage)
	lines []string
}

func fault(method, path string, status int) func(s *stage) {
	return func(s *stage) {
		s.cloud.Fault(openstacktest.Fault{Method: method, Path: path, Status: status, Times: -1})
	}
}

func replace(old, new string) func(s *stage) {
	return func(s *stage) { s.config = strings.Replace(s.config, old, new, 1) }
}

func write(name, content string) func(s *stage) {
	return func(s *stage) { s.write(name, content, 0o600) }
}

func remove(name string) func(s *stage) { return func(s *stage) { s.remove(name) } }

func both(all ...func(s *stage)) func(s *stage) {
	return func(s *stage) {
		for _, f := range all {
			f(s)
		}
	}
}

// byToken has the queue read by a token that a file holds with its name.
func byToken(s *stage) {
	for _, name := range []string{"squeue", "scontrol"} {
		s.write("bin/"+name, "#!/bin/sh\n", 0o700)
	}
	s.write("slurm.token", "SLURM_JWT="+token(time.Now().Add(365*24*time.Hour)), 0o600)
	before, rest, _ := strings.Cut(s.config, "queue \"htcondor\" {\n")
	_, after, _ := strings.Cut(rest, "}\n")
	s.config = before + "queue \"slurm\" {\n  bin = \"DIR/bin\"\n  config = \"/etc/slurm.conf\"\n  token_file = \"DIR/slurm.token\"\n}\n" + after
}

func bySSH(s *stage) { s.config = s.text("ssh", "nova") }
func throughTerraform(s *stage) {
	s.config = strings.Replace(s.text("queue", "terraform"), "queue \"htcondor\"", "group \"mine\" {}\nqueue \"htcondor\"", 1)
}

// onThisMachine are the things that validate sees as well.
var onThisMachine = []broken{
	{"nothing", func(*stage) {}, nil},
	{"nothing, by ssh", bySSH, nil},
	{"nothing, through Terraform", throughTerraform, nil},
	{"another entry of clouds.yaml", func(s *stage) { s.config = "cloud = \"elsewhere\"\n" + s.config },
		[]string{"failed cloud the settings of the login are incomplete"}},
	{"no password of the cloud", func(s *stage) { s.t.Setenv("OS_PASSWORD", "") }, []string{"failed cloud the settings of the login are incomplete"}},
	{"a tool that is not there", remove("bin/condor_q"), []string{"failed tools the program DIR/bin/condor_q is not there: no such file or directory. To do: install it"}},
	{"a program of the user that is not there", func(s *stage) {
		before, rest, _ := strings.Cut(s.config, "queue \"htcondor\" {\n")
		_, after, _ := strings.Cut(rest, "}\n")
		s.config = before + "queue \"program\" {\n  command = [\"DIR/bin/q.py\", \"--all\"]\n}\n" + after
	}, []string{"failed tools the program DIR/bin/q.py is not there: no such file or directory. To do: install it on this machine, correct command in the queue block"}},
	{"a tool that is no program", func(s *stage) { s.write("bin/condor_status", "", 0o600) }, []string{"failed tools the program DIR/bin/condor_status is not there: permission denied"}},
	{"no folder of tokens", remove("tokens"), []string{"failed tokens token_directory: open DIR/tokens: no such file"}},
	{"no token", remove("tokens/reader"), []string{"failed tokens token_directory DIR/tokens holds no token"}},
	{"something else than a token", write("tokens/reader", "hello\n"), []string{"failed tokens token_directory DIR/tokens holds no token"}},
	{"a token that has ended", write("tokens/reader", token(time.Now().Add(-time.Hour))), []string{"failed tokens the token in DIR/tokens/reader ended on 20"}},
	{"a token that ends soon", write("tokens/reader", token(time.Now().Add(24*time.Hour))), []string{"warning tokens the token in DIR/tokens/reader ends on 20"}},
	{"a token that all accounts read", func(s *stage) { s.write("tokens/reader", token(time.Now().Add(1e5*time.Hour)), 0o644) },
		[]string{"warning tokens token_directory: every account of this machine can read DIR/tokens/reader. To do: chmod 0600"}},
	{"nothing, with a token in a file", byToken, nil},
	{"a file with a token that has ended", both(byToken, write("slurm.token", "SLURM_JWT="+token(time.Now().Add(-time.Hour)))), []string{"failed tokens the token in DIR/slurm.token ended on 20"}},
	{"no file with a token", both(byToken, remove("slurm.token")), []string{"failed tokens token_file: open DIR/slurm.token: no such file"}},
	{"no token in a file", both(byToken, write("slurm.token", "\n")), []string{"failed tokens token_file DIR/slurm.token holds no token"}},
	{"no key for ssh", both(bySSH, remove("id")), []string{"failed ssh identity_file: stat DIR/id: no such file"}},
	{"a key that others read", both(bySSH, func(s *stage) { s.write("id", "key", 0o640) }), []string{"failed ssh identity_file: ssh refuses DIR/id, because other accounts can read it. To do: chmod 0600"}},
	{"a folder in place of a key", both(bySSH, replace("DIR/id", "DIR/tf")), []string{"failed ssh identity_file: DIR/tf is no regular file"}},
	{"no known hosts", both(bySSH, remove("known_hosts")), []string{"failed ssh known_hosts_file: stat DIR/known_hosts: no such file"}},
	{"an empty file of known hosts", both(bySSH, write("known_hosts", "\n")), []string{"failed ssh known_hosts_file DIR/known_hosts is empty"}},
	{"no file of the page's password", remove("password"), []string{"failed page password_file: stat DIR/password: no such file"}},
	{"an empty password", write("password", "\nx\n"), []string{"failed page the first line of password_file DIR/password is empty"}},
	{"no password at all", replace("password_file = \"DIR/password\"", ""), []string{"failed page the page asks for a password, and none is set. To do: set password_file in the web block, or the variable VMCLUSTER_SCALER_PASSWORD"}},
	{"a short password", write("password", "secret\n"), []string{"warning page the page's password has 6 characters, and the network can try it"}},
	{"a password that all accounts read", func(s *stage) { s.write("password", "a long enough password\n", 0o644) }, []string{"warning page password_file: every account of this machine can read DIR/password"}},
	{"no certificate", remove("page.crt"), []string{"failed page the page's certificate can't be used: open DIR/page.crt"}},
	{"another key", func(s *stage) { s.certificate("ca", time.Now().Add(1e4*time.Hour)); replace("page.key", "ca.key")(s) }, []string{"failed page the page's certificate can't be used: tls: private key does not match public key"}},
	{"a certificate that has ended", func(s *stage) { s.certificate("page", time.Now().Add(-time.Hour)) }, []string{"failed page the page's certificate ended on 20"}},
	{"a certificate that ends soon", func(s *stage) { s.certificate("page", time.Now().Add(48*time.Hour)) }, []string{"warning page the page's certificate ends on 20"}},
	{"a key that all accounts read", func(s *stage) { s.certificate("page", time.Now().Add(1e4*time.Hour)); chmod(s, "page.key", 0o604) }, []string{"warning page key_file: every account of this machine can read DIR/page.key"}},
	{"no CA of the clients", remove("ca.crt"), []string{"failed page client_ca_file: stat DIR/ca.crt: no such file"}},
	{"a file of CAs without one", write("ca.crt", "hello"), []string{"failed page client_ca_file DIR/ca.crt holds no certificate"}},
	{"a CA of the clients that has ended", func(s *stage) { s.certificate("ca", time.Now().Add(-time.Hour)) }, []string{"failed page the clients' CA certificate CN=ca ended on 20"}},
	{"no folder for decisions", replace("DIR/decisions.jsonl", "DIR/no/d.jsonl"), []string{"failed files the folder of the file of decisions is not there: stat DIR/no"}},
	{"a folder in place of the file of decisions", replace("DIR/decisions.jsonl", "DIR/tf"), []string{"failed files DIR/tf is no regular file"}},
	{"no Terraform", both(throughTerraform, replace("program = \"true\"", "program = \"/nowhere/tofu\"")), []string{"failed terraform find /nowhere/tofu: there is no such program"}},
	{"no directory", both(throughTerraform, remove("tf")), []string{"failed terraform directory: stat DIR/tf: no such file"}},
	{"a file in place of the directory", both(throughTerraform, replace("DIR/tf", "DIR/id")), []string{"failed terraform directory: DIR/id is no directory"}},
	{"a directory without a configuration", both(throughTerraform, remove("tf/main.tf")), []string{"failed terraform directory DIR/tf holds no configuration (*.tf)"}},
	{"a configuration that is none", both(throughTerraform, write("tf/main.tf", "variable {")), []string{"failed terraform DIR/tf/main.tf:1"}},
	{"a configuration without the variable", both(throughTerraform, write("tf/main.tf", "variable \"workers\" {}\n")), []string{`failed terraform the configuration in DIR/tf declares no variable "vmcluster_workers"`}},
	{"another's variables file", both(throughTerraform, write("tf/scaler.auto.tfvars.json", `{"a": {}}`)), []string{`failed terraform read the variables file: DIR/tf/scaler.auto.tfvars.json sets "a", and the scaler would overwrite it`}},
	{"a directory that is not initialised", both(throughTerraform, remove("tf/.terraform")), []string{"warning terraform directory DIR/tf is not initialised"}},
}

func chmod(s *stage, name string, mode uint32) {
	s.t.Helper()
	if err := osChmod(s.path(name), mode); err != nil {
		s.t.Fatal(err)
	}
}

const noLogin = "not tried rights the login failed|not tried clock the login failed|not tried cluster the login failed"

// elsewhere are the things that only a try shows.
var elsewhere = []broken{
	{"a wrong password of the cloud", func(s *stage) { s.t.Setenv("OS_PASSWORD", "wrong") }, append([]string{"failed cloud the login failed"}, strings.Split(noLogin, "|")...)},
	{"an address where no cloud is", func(s *stage) { s.t.Setenv("OS_AUTH_URL", "http://127.0.0.1:1/v3") }, append([]string{"failed cloud the login failed"}, strings.Split(noLogin, "|")...)},
	{"no right to make workers", fault("POST", "/compute/servers", 403), []string{"failed rights the cloud refuses POST /compute/v2.1/servers (make a worker)"}},
	{"no right to delete workers", fault("DELETE", "/compute/servers/{id}", 403), []string{"failed rights the cloud refuses DELETE /compute/v2.1/servers/* (delete a worker)"}},
	{"no right to write the document", fault("PUT", "/compute/servers/{id}/metadata", 403), []string{"failed rights the cloud refuses PUT /compute/v2.1/servers/*/metadata (write the cluster document)"}},
	{"no right to the lease", fault("PUT", "/compute/servers/{id}/tags/{tag}", 403), []string{"failed rights the cloud refuses PUT /compute/v2.1/servers/*/tags/* (take and renew the lease"}},
	{"no right to clear the report", fault("DELETE", "/compute/servers/{id}/os-server-password", 403), []string{"failed rights the cloud refuses DELETE /compute/v2.1/servers/*/os-server-password"}},
	{"no right to flavors, by an access rule", fault("GET", "/compute/flavors/detail", 401), []string{"failed rights the cloud refuses GET /compute/v2.1/flavors/detail"}},
	{"no right to consoles", fault("POST", "/compute/servers/{id}/action", 403), []string{"warning rights the cloud refuses POST /compute/v2.1/servers/*/action (read the console of a worker that failed), and the scaler goes on without it"}},
	{"no right to ports", fault("GET", "/network/ports", 403), []string{"warning rights the cloud refuses GET /network/v2.0/ports"}},
	{"no right to limits", fault("GET", "/compute/limits", 403), []string{"warning rights the cloud refuses GET /compute/v2.1/limits"}},
	{"another cluster", replace("cluster = \"astro\"", "cluster = \"other\""), []string{"failed cluster cluster other can't be read"}},
	{"a front-end that is switched off", func(s *stage) { s.cloud.SetStatus(s.frontEnd, "SHUTOFF", "") }, []string{"failed cluster the front-end astro-frontend is SHUTOFF"}},
	{"a group that the cluster does not have", replace("queue", "group \"cpuu\" {}\nqueue"), []string{`failed groups the cluster has no group "cpuu", but: cpu, mine`}},
	{"a group that Terraform has", replace("queue", "group \"mine\" {}\nqueue"), []string{"failed groups group mine: Terraform's configuration has count = 0 for this group"}},
	{"no report", func(s *stage) { s.report("") }, nil},
	{"a text that is no report", func(s *stage) { s.report(""); s.refused = "it has no signature" }, []string{"warning report what stands in the place of the front-end's report is not from it: it has no signature"}},
	{"a report of trouble", func(s *stage) { s.report(`{"generation": 1, "joined": 2, "error": "no space left"}`) }, []string{"warning report the front-end says: no space left"}},
	{"a worker that has not joined", func(s *stage) { s.report(`{"generation": 1, "joined": 1, "pending": 1, "pending_names": "cpu-2"}`) }, []string{"warning report 1 of 2 workers have not joined yet: cpu-2"}},
	{"an old report", func(s *stage) { s.report(`{"generation": 0, "joined": 2}`) }, []string{"warning report the front-end reports generation 0, the document has 1"}},
	{"a queue that does not answer", func(s *stage) { s.queue.err = errQueue }, []string{"failed queue the queue can't be read: condor_q: exit status 1: can't reach the schedd. To do: run the command by hand", "not tried clock the queue can't be read"}},
	{"a queue whose words would act on a terminal", func(s *stage) { s.queue.err = errors.New("a\u009b2J\u202eb\n c.") }, []string{"failed queue the queue can't be read: a\uFFFD2J\uFFFDb c. To do: run", "not tried clock the queue can't be read"}},
	{"a queue that is read in part", func(s *stage) { s.queue.snapshot.Partial = []string{"schedd b does not answer"} }, []string{"warning queue the reading is not whole: schedd b does not answer"}},
	{"another pool", func(s *stage) { s.queue.snapshot.Workers = []queue.Worker{{Name: "w1", HeardAt: time.Now()}} }, []string{"warning pool none of the cluster's 2 workers is known to the list of workers, which has 1 others"}},
	{"a pool that does not prove its workers", func(s *stage) { s.queue.snapshot.Traits.Identities = true }, []string{"warning pool astro-cpu-1 counts as not in the pool: the list of workers lists it without a proof that it is this node; and 1 more"}},
	{"a pool whose clock is ahead", func(s *stage) { s.queue.snapshot.Workers[0].HeardAt = s.stopClock(0).Add(10 * time.Minute) }, []string{"warning clock the pool's clock is 10m0s ahead of this machine's"}},
	{"a silent pool", func(s *stage) {
		s.queue.snapshot.PoolSince = time.Now().Add(-9 * time.Hour)
		s.queue.snapshot.Workers = []queue.Worker{{Name: "astro-cpu-1", HeardAt: time.Now().Add(-time.Hour)}}
	},
		[]string{"warning clock the pool's latest news of a worker is 1h0m0s old"}},
	{"a machine whose clock is ahead", func(s *stage) { s.now = func() time.Time { return time.Now().Add(630 * time.Second) } }, []string{"warning clock the cloud's clock is 10m"}},
	{"a machine whose clock is behind", func(s *stage) { s.stopClock(-630 * time.Second) }, []string{"warning clock the cloud's clock is 10m", "warning clock the pool's clock is 10m30s ahead of this machine's"}},
}

// stopClock stops the machine's clock, that far from the moment of the queue's snapshot, so
// that the time which a row takes is in no line. It returns what the clock shows.
func (s *stage) stopClock(off time.Duration) time.Time {
	at := s.queue.snapshot.WorkersAt.Add(off)
	s.now = func() time.Time { return at }
	return at
}

// differ reports how the lines that are not ok differ from the wanted ones; "" if they do
// not.
func differ(s *stage, found []doctor.Finding, want []string) string {
	var lines []string
	for _, f := range doctor.Troubles(found) {
		lines = append(lines, strings.Join(strings.Fields(f.String()), " "))
	}
	if len(lines) != len(want) {
		return "lines:\n" + strings.Join(lines, "\n")
	}
	for i, w := range want {
		if !strings.HasPrefix(lines[i], replaceDir(w, s.dir)) {
			return "line " + lines[i] + "\nwant " + w
		}
	}
	return ""
}

var goType = regexp.MustCompile(`\*[a-z]+\.[A-Z]|%!|map\[|\[\]|0x[0-9a-f]{6}|\.\.(?:$|[^.])|errors\.`)

func TestDoctor(t *testing.T) {
	cloud, frontEnd := newCloud(t)
	t.Run("healthy", func(t *testing.T) { healthy(t, newStage(t, cloud, frontEnd)) })
	t.Run("the holder of the lease", func(t *testing.T) { leaseHolder(t, newStage(t, cloud, frontEnd)) })
	for _, b := range onThisMachine {
		t.Run(b.name, func(t *testing.T) {
			s := newStage(t, cloud, frontEnd)
			b.do(s)
			found := s.doctor().Local()
			if diff := differ(s, found, b.lines); diff != "" {
				t.Error(diff)
			}
			judgeWords(t, found)
		})
	}
	for _, b := range elsewhere {
		t.Run(b.name, func(t *testing.T) {
			s := newStage(t, cloud, frontEnd)
			b.do(s)
			calls := cloud.Created()
			found := s.doctor().Examine(t.Context())
			if diff := differ(s, found, b.lines); diff != "" {
				t.Error(diff)
			}
			judgeWords(t, found)
			if cloud.Created() != calls || len(cloud.Servers()) != 3 {
				t.Error("it has changed something")
			}
			cloud.ClearFaults()
			cloud.SetStatus(frontEnd, "ACTIVE", "")
		})
	}
}

// judgeWords looks at each line: one line, no Go, what to do where something is wrong.
func judgeWords(t *testing.T, found []doctor.Finding) {
	t.Helper()
	for _, f := range found {
		line := f.String()
		if goType.MatchString(line) || strings.ContainsFunc(f.Text+f.Do, func(r rune) bool { return !text.Shown(r) }) {
			t.Errorf("words: %s", line)
		}
		if (f.State == doctor.Failed || f.State == doctor.Warning) != (f.Do != "") {
			t.Errorf("what to do: %s", line)
		}
	}
}

// healthy expects a line of every part where everything is right.
func healthy(t *testing.T, s *stage) {
	found := s.doctor().Examine(t.Context())
	var out, raw bytes.Buffer
	if err := doctor.Write(&out, found); err != nil || !doctor.Healthy(found) || len(doctor.Troubles(found)) > 0 {
		t.Errorf("%v\n%s", err, &out)
	}
	for _, part := range []string{"cloud", "tools", "tokens", "page", "files", "disk", "rights", "clock", "cluster", "groups", "report", "lease", "queue", "pool"} {
		if !strings.Contains(out.String(), "ok         "+part+" ") {
			t.Errorf("no line of %s:\n%s", part, &out)
		}
	}
	var back []doctor.Finding
	if err := doctor.WriteJSON(&raw, found); err != nil || json.Unmarshal(raw.Bytes(), &back) != nil || len(back) != len(found) || back[0] != found[0] {
		t.Errorf("JSON: %v\n%s", err, &raw)
	}
}

// leaseHolder expects the name of the scaler that has the lease.
func leaseHolder(t *testing.T, s *stage) {
	client, err := openstack.New(t.Context(), openstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.AddLease(t.Context(), s.frontEnd, "front-k3v9q:1:120"); err != nil {
		t.Fatal(err)
	}
	for _, f := range s.doctor().Examine(t.Context()) {
		if f.Part == "lease" && !strings.Contains(f.Text, "scaler front-k3v9q holds it") {
			t.Error(f)
		}
	}
}
