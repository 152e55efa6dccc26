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

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstacktest"
)

// brought is the newest document that a worker has brought to a front-end on a
// cloud without a metadata service, its own address filled in.
func (s *Simulator) brought(f *frontEnd, servers []openstacktest.Server, now time.Time) (cluster.Document, bool) {
	var newest cluster.Document
	for _, server := range servers {
		if !slices.Contains(server.Tags, cluster.IDTag(f.document.ID)) || server.ID == f.id || !s.booted(server, now) {
			continue
		}
		d, ok := rosterOf(server.UserData)
		if !ok || d.Generation <= newest.Generation {
			continue
		}
		for i, m := range d.Workers {
			if m.Name == server.Name {
				d.Workers[i].Address = server.Address
			}
		}
		newest = d
	}
	return newest, newest.Generation > 0
}

// rosterOf finds the cluster document among the files in a node's user data.
func rosterOf(userData []byte) (cluster.Document, bool) {
	var d cluster.Document
	_, rest, there := strings.Cut(string(userData), "path: /etc/vmcluster/document.json")
	_, rest, _ = strings.Cut(rest, "content: ")
	packed, _, _ := strings.Cut(rest, "\n")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(packed))
	if !there || err != nil {
		return d, false
	}
	if z, err := gzip.NewReader(bytes.NewReader(raw)); err == nil {
		if plain, err := io.ReadAll(z); err == nil {
			raw = plain
		}
	}
	return d, json.Unmarshal(raw, &d) == nil
}

// tell writes a report on the front-end's console when it is another than the
// last.
func (s *Simulator) tell(f *frontEnd, report string) {
	if report != f.told {
		f.told = report
		s.cloud.WriteConsole(f.id, "\nvmcluster-report "+report+"\n")
	}
}
