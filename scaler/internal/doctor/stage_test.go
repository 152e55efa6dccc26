package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/doctor"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	_ "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/all"
)

// stage is a cluster on an embedded cloud, a simulated queue, and a machine on which
// everything is right.
type stage struct {
	t        *testing.T
	cloud    *openstacktest.Cloud
	frontEnd string // ID of its server
	dir      string
	config   string
	queue    simulated
	now      func() time.Time
	reported *cluster.Report // nil: none
	refused  string          // why what is there instead is none
}

// simulated is a queue.
type simulated struct {
	snapshot queue.Snapshot
	err      error
}

func (s simulated) Read(context.Context) (queue.Snapshot, error) { return s.snapshot, s.err }

const goodReport = `{"generation": 1, "joined": 2, "pending": 0}`

// newCloud makes the cluster; the rows of a table share it.
func newCloud(t *testing.T) (*openstacktest.Cloud, string) {
	t.Helper()
	cloud := openstacktest.New(openstacktest.Options{})
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	for k, v := range cloud.Env() {
		t.Setenv(k, v)
	}
	client, err := openstack.New(t.Context(), openstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	node := cluster.NodeSpec{Image: openstacktest.DefaultImages()[0].ID, Flavor: "4", Network: openstacktest.DefaultNetworks()[0].ID, SecurityGroups: []string{"default"}}
	result, err := provision.New(client, provision.Options{}).Apply(t.Context(), provision.Request{
		Create: true, Wait: provision.WaitActive,
		Spec: cluster.Spec{
			ID: "4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d2", Name: "astro", LoginUser: "astro", LoginUID: cluster.DefaultLoginUID, KeyPair: "ops", BatchSystem: "htcondor",
			FrontEnd: node, Groups: map[string]cluster.GroupSpec{
				"cpu":  {NodeSpec: node, Count: 2, Scaling: &cluster.Scaling{Max: 10}},
				"mine": {NodeSpec: node},
			},
		},
	})
	if err != nil || len(result.Problems) > 0 {
		t.Fatal(err, result.Problems)
	}
	frontEnd, _ := cloud.Server("astro-frontend")
	return cloud, frontEnd.ID
}

// newStage returns a stage on which everything is right.
func newStage(t *testing.T, cloud *openstacktest.Cloud, frontEnd string) *stage {
	t.Helper()
	s := &stage{t: t, cloud: cloud, frontEnd: frontEnd, dir: t.TempDir(), now: time.Now}
	for k, v := range cloud.Env() {
		t.Setenv(k, v)
	}
	t.Setenv(config.PasswordVariable, "")
	cloud.ClearFaults()
	s.report(goodReport)
	for _, name := range []string{"condor_q", "condor_status"} {
		s.write("bin/"+name, "#!/bin/sh\n", 0o700)
	}
	s.write("tokens/reader", token(time.Now().Add(365*24*time.Hour)), 0o600)
	s.write("known_hosts", "astro-frontend ssh-ed25519 AAAA\n", 0o600)
	s.write("id", "key\n", 0o600)
	s.write("password", "a long enough password\n", 0o600)
	s.certificate("page", time.Now().Add(365*24*time.Hour))
	s.certificate("ca", time.Now().Add(365*24*time.Hour))
	s.write("tf/main.tf", "variable \"vmcluster_workers\" {}\n", 0o600)
	s.write("tf/.terraform/x", "", 0o600)
	s.config = s.text("queue", "nova")
	now := time.Now()
	s.queue.snapshot = queue.Snapshot{
		JobsAt: now, WorkersAt: now, PoolSince: now.Add(-time.Hour), Jobs: []queue.JobGroup{{Key: "a", Count: 3}}, Running: 2,
		Workers: []queue.Worker{{Name: "astro-cpu-1", HeardAt: now}, {Name: "astro-cpu-2", HeardAt: now}},
	}
	return s
}

// text is a configuration: where the queue is read, and the actuator.
func (s *stage) text(read, actuator string) string {
	queues := map[string]string{
		"queue": "  bin = \"DIR/bin\"\n  pool = \"p\"\n  token_directory = \"DIR/tokens\"\n",
		"ssh":   "  ssh {\n    host = \"h\"\n    identity_file = \"DIR/id\"\n    known_hosts_file = \"DIR/known_hosts\"\n  }\n",
	}
	actuators := map[string]string{
		"nova":      "actuator \"nova\" {}\n",
		"terraform": "actuator \"terraform\" {\n  directory = \"DIR/tf\"\n  resource = \"vmcluster_cluster.a\"\n  program = \"true\"\n}\n",
	}
	return "cluster = \"astro\"\nlisten = \":9180\"\nqueue \"htcondor\" {\n" + queues[read] + "}\n" + actuators[actuator] +
		"log {\n  decisions = \"DIR/decisions.jsonl\"\n}\n" +
		"web {\n  username = \"ops\"\n  password_file = \"DIR/password\"\n  certificate_file = \"DIR/page.crt\"\n  key_file = \"DIR/page.key\"\n  client_ca_file = \"DIR/ca.crt\"\n}\n"
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

func (s *stage) write(name, content string, mode os.FileMode) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(content), mode); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Chmod(s.path(name), mode); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) remove(name string) {
	s.t.Helper()
	if err := os.RemoveAll(s.path(name)); err != nil {
		s.t.Fatal(err)
	}
}

// report sets the front-end's report; "" is none. A report is signed by the front-end,
// which the embedded cloud does not have, so it is added to what is read.
func (s *stage) report(text string) {
	s.t.Helper()
	s.reported = nil
	if text == "" {
		return
	}
	s.reported = &cluster.Report{}
	if err := json.Unmarshal([]byte(text), s.reported); err != nil {
		s.t.Fatal(err)
	}
}

// reporting reads a cluster, and adds the report.
type reporting struct {
	doctor.Cluster
	report  *cluster.Report
	refused string
}

func (r reporting) Read(ctx context.Context) (cluster.View, error) {
	v, err := r.Cluster.Read(ctx)
	v.ReportRefused = r.refused
	if err == nil && r.report != nil {
		v.Report, v.HasReport = *r.report, true
	}
	return v, err
}

// certificate writes a self-signed certificate and its key.
func (s *stage) certificate(name string, end time.Time) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: end.Add(-10 * 365 * 24 * time.Hour), NotAfter: end, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		s.t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(name+".crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), 0o600)
	s.write(name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})), 0o600)
}

// token is a JSON web token that ends then.
func token(end time.Time) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"HS256"}`)) + "." + part(fmt.Appendf(nil, `{"sub":"reader@p","exp":%d}`, end.Unix())) + "." + part([]byte("signature")) + "\n"
}

// doctor reads the configuration, and returns the doctor that examines it.
func (s *stage) doctor() doctor.Doctor {
	s.t.Helper()
	c, err := config.Parse("scaler.hcl", []byte(replaceDir(s.config, s.dir)))
	if err != nil {
		s.t.Fatal(err)
	}
	return doctor.Doctor{
		Config: c, Queue: s.queue, Now: s.now,
		Login: func(ctx context.Context) (doctor.Cloud, doctor.Cluster, error) {
			client, err := openstack.New(ctx, openstack.Config{Cloud: c.Cloud})
			if err != nil {
				return nil, nil, err
			}
			look := actuate.NewNova(c.Cluster, provision.Steps{Provisioner: provision.New(client, provision.Options{})})
			return client, reporting{look, s.reported, s.refused}, nil
		},
	}
}

var errQueue = errors.New("condor_q: exit status 1: can't reach the schedd")

func osChmod(path string, mode uint32) error { return os.Chmod(path, os.FileMode(mode)) }
