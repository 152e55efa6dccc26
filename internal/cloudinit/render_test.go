package cloudinit

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
)

var update = flag.Bool("update", false, "write the golden files anew")

func common() Common {
	return Common{
		ClusterID: "6b1f0a52-1111-4222-8333-944445555666", ClusterName: "astro",
		LoginUser: "astro", LoginUID: cluster.DefaultLoginUID,
		OperatorKey: "ssh-ed25519 AAAAoperator ops", BatchSystem: "htcondor", CA: "ssh-ed25519 AAAAca",
	}
}

func worker() WorkerInput {
	return WorkerInput{
		Common: common(), Name: "astro-cpu-1", Group: "cpu", FrontEndName: "astro-frontend",
		HostKey: HostKey{
			Private:     "-----BEGIN OPENSSH PRIVATE KEY-----\nthrow\naway\n-----END OPENSSH PRIVATE KEY-----\n",
			Public:      "ssh-ed25519 AAAAhost",
			Certificate: "ssh-ed25519-cert-v01@openssh.com AAAAcert",
		},
	}
}

func frontEnd() FrontEndInput {
	return FrontEndInput{
		Common: common(), Name: "astro-frontend",
		Document: cluster.Document{
			ID: "6b1f0a52-1111-4222-8333-944445555666", Name: "astro", Generation: 1, LoginUser: "astro",
			LoginUID: cluster.DefaultLoginUID, BatchSystem: "htcondor", CA: "ssh-ed25519 AAAAca",
			FrontEnd: cluster.FrontEndRecord{Name: "astro-frontend"},
			Groups:   map[string]cluster.GroupSpec{"cpu": {NodeSpec: cluster.NodeSpec{CloudConfig: "#cloud-config\nsecret-of-workers: 1\n"}}},
			Batches:  map[string]string{"b1": "ssh-ed25519 AAAAbatch"},
			Workers:  []cluster.Member{{Name: "astro-cpu-1", Address: "10.0.0.11", Batch: "b1"}},
		},
		CoordinatorKey: "-----BEGIN OPENSSH PRIVATE KEY-----\ntwo hours\n-----END OPENSSH PRIVATE KEY-----\n",
		Certificate:    "ssh-ed25519-cert-v01@openssh.com AAAAcoordinator",
	}
}

func TestGolden(t *testing.T) {
	users := "#cloud-config\npackages: [htop]\nruncmd:\n  - [touch, /tmp/x]\n"
	cases := []struct {
		name   string
		render func() ([]byte, error)
	}{
		{"worker", func() ([]byte, error) { return Worker(worker()) }},
		{"worker_full", func() ([]byte, error) {
			in := worker()
			in.CoordinatorKey, in.CloudConfig = "ssh-ed25519 AAAAlasting", users
			in.Files = map[string]string{"/etc/motd": "Willkommen\n"}
			return Worker(in)
		}},
		{"front_end", func() ([]byte, error) { return FrontEnd(frontEnd()) }},
		{"worker_install", func() ([]byte, error) {
			in := worker()
			in.Install, in.CloudConfig = true, users
			return Worker(in)
		}},
		{"worker_loadleveler", func() ([]byte, error) {
			in := worker()
			in.BatchSystem = "loadleveler"
			return Worker(in)
		}},
		{"front_end_loadleveler", func() ([]byte, error) {
			in := frontEnd()
			in.BatchSystem, in.Document.BatchSystem = "loadleveler", "loadleveler"
			return FrontEnd(in)
		}},
		{"front_end_install", func() ([]byte, error) {
			in := frontEnd()
			in.Install = true
			return FrontEnd(in)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.render()
			if err != nil {
				t.Fatal(err)
			}
			if again, err := c.render(); err != nil || !bytes.Equal(got, again) {
				t.Errorf("the same input gave different user data (%v)", err)
			}
			compare(t, filepath.Join("testdata", c.name+".golden"), readable(t, got))
		})
	}
}

func TestUsersPartIsAppended(t *testing.T) {
	in := worker()
	in.CloudConfig = "#cloud-config\nruncmd: [echo]\n"
	out, err := Worker(in)
	if err != nil {
		t.Fatal(err)
	}
	parts := parse(t, out)
	if len(parts) != 2 || parts[0].merge != "" || parts[1].merge != "list(append)+dict(no_replace,recurse_list)+str()" {
		t.Errorf("parts are merged by %q", parts)
	}
}

// cloud-init installs packages before it runs commands, set-up among them. The units are
// those that a package would start before there is a configuration.
func TestInstall(t *testing.T) {
	for _, system := range append(node.BatchSystems(), "") {
		w, f := worker(), frontEnd()
		w.BatchSystem, w.Install = cluster.BatchSystem(system), true
		f.BatchSystem, f.Install = w.BatchSystem, true
		for frontEnd, render := range map[bool]func() ([]byte, error){
			false: func() ([]byte, error) { return Worker(w) },
			true:  func() ([]byte, error) { return FrontEnd(f) },
		} {
			out, err := render()
			if err != nil {
				t.Fatal(err)
			}
			config := parse(t, out)[0].config
			var packages []string
			for _, p := range listed(config["packages"]) {
				packages = append(packages, p.(string))
			}
			want := node.Packages(system, frontEnd)
			if !slices.Equal(packages, want) || (config["package_update"] == true) != (len(want) > 0) {
				t.Errorf("%q: package_update is %v, packages are %q, want %q", system, config["package_update"], packages, want)
			}
			got := files(t, config)
			for _, unit := range node.Units(system) {
				if !strings.Contains(got[presetPath], "disable "+unit+"\n") {
					t.Errorf("%q: the preset does not hold %s:\n%s", system, unit, got[presetPath])
				}
			}
			var about nodeConfig
			if err := json.Unmarshal([]byte(got[nodePath]), &about); err != nil || !slices.Equal(about.Install, want) {
				t.Errorf("%q: set-up is told of %q (%v)", system, about.Install, err)
			}
		}
	}
}

func listed(value any) []any {
	list, _ := value.([]any)
	return list
}

func TestHostileValues(t *testing.T) {
	for _, value := range []string{
		"", "\n", "a: b\n- c", `"quotes" 'and' \backslash`, "tabs\tand\r\nreturns\r", "ünïcödé €", "emoji 🌌", "{{ jinja }}",
		"#cloud-config", "--vmcluster", "---\n...\n", "nul\x00", "not\xffutf8", strings.Repeat("=", 3000), "| block", "%directive", "@at `tick`",
	} {
		in := worker()
		name := strings.NewReplacer("\n", "", "\r", "", "\t", "", "\x00", "", "\xff", "").Replace(value)
		in.Files = map[string]string{"/srv/" + name[:min(len(name), 200)] + "x": value}
		in.OperatorKey, in.LoginUser = strings.TrimSpace(strings.ToValidUTF8(value, "")), "u: 'x"
		out, err := Worker(in)
		if err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		got := files(t, parse(t, out)[0].config)
		for name := range in.Files {
			if got[name] != value {
				t.Errorf("%q became %q", value, got[name])
			}
		}
		if i := bytes.IndexFunc(out, func(r rune) bool { return r > '~' }); i >= 0 || bytes.Contains(out, []byte("Content-Transfer-Encoding")) {
			t.Errorf("%q: our part is not in ASCII, and so a third larger", value)
		}
		var about nodeConfig
		if err := json.Unmarshal([]byte(got[nodePath]), &about); err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		if about.OperatorKey != in.OperatorKey || about.LoginUser != in.LoginUser {
			t.Errorf("%q became %q in %s", value, about.OperatorKey, nodePath)
		}
	}
}

func TestRefusedCloudConfig(t *testing.T) {
	for text, ok := range map[string]bool{
		"":                                    true,
		"  \n":                                true,
		"#cloud-config\n":                     true,
		"#cloud-config\npackages: [a]\n":      true,
		"#cloud-config \r\npackages: [a]\r\n": true,
		"#cloud-config\nmotd: grüß\n":         true,
		"packages: [a]\n":                     false,
		"#!/bin/sh\necho\n":                   false,
		"#cloud-config-archive\n- a\n":        false,
		"#cloud-config\n- a\n":                false,
		"#cloud-config\na: [\n":               false,
		"#cloud-config\na: b: c\n":            false,
		"#cloud-config\n---\na: 1\n":          true,
		"#cloud-config\na: 1\n---\nb: 2\n":    false,
		"#cloud-config\nmerge_how: x\n":       false,
		"#cloud-config\nmerge_type: x\n":      false,
		"#cloud-config\na: \xff\n":            false,
	} {
		in := worker()
		in.CloudConfig = text
		out, err := Worker(in)
		var refused *CloudConfigError
		if ok != (err == nil) || !ok && !errors.As(err, &refused) {
			t.Errorf("cloud_config %q: %v", text, err)
		}
		if parts := 0; ok {
			if parts = len(parse(t, out)); (parts == 2) != strings.Contains(text, ":") {
				t.Errorf("cloud_config %q gave %d parts", text, parts)
			}
		}
	}
}

func TestRefusedFiles(t *testing.T) {
	for path, ok := range map[string]bool{
		"/etc/motd": true, "/opt/ü x": true,
		"etc/motd": false, "": false, "~/x": false, "../x": false, "/etc/": false, "/a\nb": false, "/a\tb": false, "/\xff": false, "/a\x00": false,
	} {
		in := worker()
		in.Files = map[string]string{path: "x"}
		_, err := Worker(in)
		var refused *FileError
		if ok != (err == nil) || !ok && !errors.As(err, &refused) {
			t.Errorf("files[%q]: %v", path, err)
		}
	}
}

func TestSize(t *testing.T) {
	in := frontEnd()
	in.Document.Workers = nil
	for i := range 1000 {
		in.Document.Workers = append(in.Document.Workers, cluster.Member{
			Name: cluster.WorkerName("astro", "cpu", i+1), Address: fmt.Sprintf("10.0.%d.%d", i/250, i%250+1), Batch: "b1"})
	}
	out, err := FrontEnd(in)
	if err != nil || len(out) > MaxSize {
		t.Errorf("1000 workers take %d bytes (%v)", len(out), err)
	}
	for i := range 4000 { // addresses in no order, of which a roster is as large as it can be
		n := i * 7919
		in.Document.Workers = append(in.Document.Workers, cluster.Member{
			Name: cluster.WorkerName("astro", "gpu", i+1), Address: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255), Batch: "b1"})
	}
	if out, err = FrontEnd(in); err != nil {
		t.Fatalf("5000 workers: %v", err)
	}
	if got := files(t, parse(t, out)[0].config); got[documentPath] != "" || got[firstKeyPath] == "" || len(out) > MaxSize {
		t.Errorf("5000 workers take %d bytes; the front-end reads such a roster in its metadata", len(out))
	}
	in.Document.Workers, in.Coordinator = in.Document.Workers[:1000], cluster.CoordinatorLastWorker // has no metadata service
	noise := make([]byte, 36_000)                                                                   // more than the node program takes
	source := rand.NewChaCha8([32]byte{})
	if _, err := source.Read(noise); err != nil {
		t.Fatal(err)
	}
	in.Files = map[string]string{"/srv/data": string(noise)}
	in.CloudConfig = "#cloud-config\nx: " + strings.Repeat("y", 5000) + "\n"
	_, err = FrontEnd(in)
	var large *TooLargeError
	if !errors.As(err, &large) {
		t.Fatalf("error is %v", err)
	}
	if large.Most != 49149 || large.Size <= large.Most || large.Parts[0].Name != `files["/srv/data"]` {
		t.Errorf("error is %v", large)
	}
	for _, word := range []string{"astro-frontend", "49149", `files["/srv/data"] 4`, "cloud_config 50", "roster", "shorten"} {
		if !strings.Contains(large.Error(), word) {
			t.Errorf("error does not say %q: %v", word, large)
		}
	}
}

// The front-end of every batch system has room for 100 workers, whose roster a messenger
// has to bring where there is no metadata service, and 8 kB of the user's own.
func TestEveryBatchSystemLeavesRoom(t *testing.T) {
	noise := make([]byte, 6000) // 8 kB in base64
	source := rand.NewChaCha8([32]byte{})
	if _, err := source.Read(noise); err != nil {
		t.Fatal(err)
	}
	for _, system := range node.BatchSystems() {
		in := frontEnd()
		in.BatchSystem, in.Install, in.Coordinator = cluster.BatchSystem(system), true, cluster.CoordinatorLastWorker
		in.Document.Workers = nil
		for i := range 100 {
			in.Document.Workers = append(in.Document.Workers, cluster.Member{
				Name: cluster.WorkerName("astro", "cpu", i+1), Address: fmt.Sprintf("10.0.%d.%d", i*79&255, i*31&255), Batch: "b1"})
		}
		in.CloudConfig = "#cloud-config\npackages: [htop]\n"
		in.Files = map[string]string{"/srv/data": string(noise)}
		out, err := FrontEnd(in)
		if err != nil {
			t.Errorf("%s: %v", system, err)
			continue
		}
		parts := parse(t, out)
		if got := files(t, parts[0].config); got["/srv/data"] != string(noise) || got[documentPath] == "" || len(parts) != 2 {
			t.Errorf("%s: something is lost of %d bytes", system, len(out))
		}
		if again, err := FrontEnd(in); err != nil || !bytes.Equal(out, again) {
			t.Errorf("%s: the same input gave different user data (%v)", system, err)
		}
	}
}

// What fits is not compressed: it can be read in the cloud and on the node.
func TestUserDataIsCompressedOnlyIfItMustBe(t *testing.T) {
	in := worker()
	for size, want := range map[int]bool{100: false, 20_000: true} {
		noise := make([]byte, size)
		source := rand.NewChaCha8([32]byte{})
		if _, err := source.Read(noise); err != nil {
			t.Fatal(err)
		}
		in.Files = map[string]string{"/srv/data": string(noise)}
		out, err := Worker(in)
		if err != nil {
			t.Fatal(err)
		}
		text, err := Text(out)
		if err != nil || !strings.Contains(text, "path: /srv/data\n") || (text != string(out)) != want || want != (len(text) > MaxSize) {
			t.Errorf("%d bytes of a file: %d bytes are sent of %d (%v)", size, len(out), len(text), err)
		}
	}
	if _, err := Text([]byte("\x1f\x8b\x08broken")); err == nil {
		t.Error("broken user data is taken for text")
	}
}

func TestNoSecretButTheTemporaryOnes(t *testing.T) {
	w, err := Worker(worker())
	if err != nil {
		t.Fatal(err)
	}
	f, err := FrontEnd(frontEnd())
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(readable(t, w), "PRIVATE KEY"); n != 2 {
		t.Errorf("a worker's user data holds %d marks of private keys, not the throw-away host key's 2", n)
	}
	text := readable(t, f)
	if n := strings.Count(text, "PRIVATE KEY"); n != 2 {
		t.Errorf("the front-end's user data holds %d marks of private keys, not the two-hour key's 2", n)
	}
	if strings.Contains(text, "secret-of-workers") {
		t.Error("the front-end's user data holds the workers' cloud_config")
	}
}

func TestTheStateVolumeIsTheFrontEnds(t *testing.T) {
	in := frontEnd()
	in.StateVolume = "0f3a5c1e-2b4d-4e6f-8a9b-123456789abc"
	const line = `"state_volume": "0f3a5c1e-2b4d-4e6f-8a9b-123456789abc"`
	got, err := FrontEnd(in)
	if err != nil || !strings.Contains(readable(t, got), line) {
		t.Errorf("the front-end's file lacks it: %v", err)
	}
	w := worker()
	w.StateVolume = in.StateVolume
	if got, err := Worker(w); err != nil || strings.Contains(readable(t, got), "state_volume") {
		t.Errorf("a worker's file has it: %v", err)
	}
}
