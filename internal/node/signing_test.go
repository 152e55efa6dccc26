package node_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/sshkeygen"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// judge prints the CA and the batch_config that a front-end goes by after each of the
// documents on stdin.
const judge = `
import json, os, sys
sys.path.insert(0, "..")
from node import files, trust
files.ROOT = sys.argv[1]
os.makedirs(files.at(files.STATE))
for document in json.load(sys.stdin):
    class Node: id, config = document["id"], {"ca": "none"}
    got = trust.judge(Node, document)[0]
    print(got["ca"], got.get("batch_config", "").strip())
`

// The node program checks the links that Go writes: message, fingerprints of the
// operators' key and of the batch_config, and signature are the same on both sides.
func TestTheNodeProgramFollowsLinks(t *testing.T) {
	var cas []*trust.CA
	for range 3 {
		ca, err := trust.NewCA()
		if err != nil {
			t.Fatal(err)
		}
		cas = append(cas, ca)
	}
	d := cluster.Document{Version: 1, ID: "c1", Name: "astro", CA: cas[0].Public(), OperatorKey: "ssh-ed25519 AAAA ops@astro\n"}
	var documents []cluster.Document
	step := func(signer *trust.CA, on bool) {
		link, needed := d.NextLink(on)
		if !needed {
			t.Fatal("no link is needed")
		}
		if signer != nil {
			var err error
			if link.Signature, err = signer.Sign(trust.ForDocument, link.Message(d.ID)); err != nil {
				t.Fatal(err)
			}
		}
		d = d.Clone()
		d.Signed = append(d.Signed, link)
		documents = append(documents, d)
	}
	step(nil, true)
	d.CA = cas[1].Public()
	step(cas[0], true)
	d.OperatorKey = "ssh-ed25519 BBBB"
	step(cas[1], true)
	d.BatchConfig = "A = gr\u00fcn\n"
	step(cas[1], true)
	good := d
	d.BatchConfig = "A = b\n"
	step(cas[0], true) // not by the CA before
	d = good
	d.CA = cas[2].Public()
	step(cas[0], true) // not by the CA before
	d = good
	d.CA = cas[2].Public()
	step(cas[1], false)
	text, err := json.Marshal(documents)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "python3", "-B", "-c", judge, filepath.Join(t.TempDir(), "root"))
	cmd.Env = append(os.Environ(), "PATH="+sshkeygen.Install(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
	cmd.Stdin = strings.NewReader(string(text))
	out, err := cmd.Output()
	first, second := cas[0].Public()+" ", cas[1].Public()+" "
	want := []string{first, second, second, second + "A = gr\u00fcn", second + "A = gr\u00fcn", second + "A = gr\u00fcn", cas[2].Public() + " A = gr\u00fcn"}
	if err != nil || strings.TrimRight(string(out), "\n") != strings.Join(want, "\n") {
		t.Errorf("%v: the front-end goes by\n%s\nwant\n%s", err, out, strings.Join(want, "\n"))
	}
}
