package provision

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
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// brought is the document that a front-end without a metadata service goes by: it
// keeps what workers have brought, also when they are gone. Until one comes it is
// the one that it was born with.
func (c *memCloud) brought(fe *memServer) (cluster.Document, error) {
	doc, err := cluster.DecodeDocument(fe.req.Metadata)
	for _, w := range c.messengers(fe) {
		if w.brings.ID != doc.ID || w.brings.Generation < doc.Generation || w.letInBy != doc.CA {
			continue
		}
		d := w.brings.Clone()
		for i, m := range d.Workers {
			if m.Name == w.req.Name {
				d.Workers[i].Address = w.address()
			}
		}
		doc = d
	}
	return doc, err
}

// messengers are the workers that have come to a front-end with a roster which it
// has taken notice of by now, in the order of their coming.
func (c *memCloud) messengers(fe *memServer) []*memServer {
	var out []*memServer
	for _, w := range c.servers {
		comes := w.created.Add(memBoot)
		alive := !w.broken && (w.deleted.IsZero() || w.deleted.After(comes))
		if w.brings != nil && w.created.After(fe.created) && alive && time.Since(comes) >= memSeen && !c.neverJoin[w.req.Name] {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b *memServer) int { return a.created.Compare(b.created) })
	return out
}

// settle has the front-ends do what they do all the time, before something
// changes under them.
func (c *memCloud) settle() {
	for _, s := range c.present() {
		if s.req.Role == cluster.RoleFrontEnd && !c.silent && time.Since(s.created) >= memBoot {
			c.compose(s)
		}
	}
}

// rosterOf finds the document in a node's user data.
func rosterOf(userData []byte) (cluster.Document, bool) {
	var d cluster.Document
	raw := fileOf(userData, "/etc/vmcluster/document.json")
	return d, json.Unmarshal(raw, &d) == nil
}

// signerOf is the CA of the certificate with which a worker comes.
func signerOf(userData []byte) string {
	key, _, _, _, err := ssh.ParseAuthorizedKey(fileOf(userData, "/etc/vmcluster/first_key-cert.pub"))
	cert, ok := key.(*ssh.Certificate)
	if err != nil || !ok {
		return ""
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(cert.SignatureKey)))
}

// keyOf returns the two-hour key in a node's user data, nil where there is none.
func keyOf(userData []byte) *trust.CA {
	key, err := trust.ParseCA(string(fileOf(userData, "/etc/vmcluster/first_key")))
	if err != nil {
		return nil
	}
	return key
}

// fileOf finds a file's content in a node's user data.
func fileOf(userData []byte, path string) []byte {
	text, _ := cloudinit.Text(userData)
	_, rest, ok := strings.Cut(text, "path: "+path+"\n")
	if !ok {
		return nil
	}
	_, rest, _ = strings.Cut(rest, "content: ")
	packed, _, _ := strings.Cut(rest, "\n")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(packed))
	if err != nil {
		return nil
	}
	if z, err := gzip.NewReader(bytes.NewReader(raw)); err == nil {
		raw, _ = io.ReadAll(z)
	}
	return raw
}
