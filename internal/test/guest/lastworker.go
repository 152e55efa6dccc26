package guest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// takeRosters has the workers that have booted bring a document to a front-end on a
// cloud without a metadata service. It is the document of their user data with their
// own address filled in. Each worker brings it once, with a certificate of the CA that
// the front-end trusts. The front-end keeps the document if that worker is deleted.
func (s *Simulator) takeRosters(f *frontEnd, servers []openstacktest.Server, now time.Time) {
	for _, server := range servers {
		if !slices.Contains(server.Tags, cluster.IDTag(f.document.ID)) || server.ID == f.id || f.heard[server.ID] || !s.booted(server, now) {
			continue
		}
		f.heard[server.ID] = true
		d, ok := rosterOf(server.UserData)
		if !ok || d.Generation < f.document.Generation || signerOf(server.UserData) != f.document.CA {
			continue
		}
		for i, m := range d.Workers {
			if m.Name == server.Name {
				d.Workers[i].Address = server.Address
			}
		}
		f.document = d
	}
}

// signerOf is the CA of the certificate in a worker's user data.
func signerOf(userData []byte) string {
	key, _, _, _, err := ssh.ParseAuthorizedKey(fileOf(userData, "/etc/vmcluster/first_key-cert.pub"))
	cert, ok := key.(*ssh.Certificate)
	if err != nil || !ok {
		return ""
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(cert.SignatureKey)))
}

// rosterOf finds the cluster document among the files in a node's user data.
func rosterOf(userData []byte) (cluster.Document, bool) {
	var d cluster.Document
	return d, json.Unmarshal(fileOf(userData, "/etc/vmcluster/document.json"), &d) == nil
}

// fileOf finds a file's content in a node's user data.
func fileOf(userData []byte, path string) []byte {
	text, err := cloudinit.Text(userData)
	_, rest, there := strings.Cut(text, "path: "+path+"\n")
	_, rest, _ = strings.Cut(rest, "content: ")
	packed, _, _ := strings.Cut(rest, "\n")
	raw, wrong := base64.StdEncoding.DecodeString(strings.TrimSpace(packed))
	if !there || err != nil || wrong != nil {
		return nil
	}
	if z, err := gzip.NewReader(bytes.NewReader(raw)); err == nil {
		if plain, err := io.ReadAll(z); err == nil {
			raw = plain
		}
	}
	return raw
}

// tell writes a report on the front-end's console if it differs from the last one.
func (s *Simulator) tell(f *frontEnd, report string) {
	if report != f.told {
		f.told = report
		s.cloud.WriteConsole(f.id, "\nvmcluster-report "+report+"\n")
	}
}
