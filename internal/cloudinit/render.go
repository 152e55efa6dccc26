package cloudinit

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

const cloudConfigHead = "#cloud-config"

// mergeType has lists of the user's part appended to ours and keeps our scalars.
// It stands in the header of the user's part: cloud-init merges each part into
// what came before by that part's own rule.
const mergeType = "list(append)+dict(no_replace,recurse_list)+str()"

// Worker renders a worker's user data.
func Worker(in WorkerInput) ([]byte, error) {
	n := in.nodeConfig(in.Name, cluster.RoleWorker)
	n.Group, n.FrontEnd, n.CoordinatorKey = in.Group, in.FrontEndName, strings.TrimSpace(in.CoordinatorKey)
	b, err := newBuilder(n)
	if err != nil {
		return nil, err
	}
	b.config.SSHKeys = &sshKeys{Private: in.HostKey.Private, Public: in.HostKey.Public, Certificate: in.HostKey.Certificate}
	if err := b.file("", sudoersPath, sudoers, modeSudoers); err != nil {
		return nil, err
	}
	if in.Document != nil {
		if err := b.roster(*in.Document); err != nil {
			return nil, err
		}
		if err := b.firstKey(in.MessengerKey, in.Certificate); err != nil {
			return nil, err
		}
	}
	return finish(in.Common, in.Name, b)
}

// FrontEnd renders the front-end's user data. A roster that does not fit is left out
// where the front-end reads it in its metadata, too.
func FrontEnd(in FrontEndInput) ([]byte, error) {
	out, err := renderFrontEnd(in, true)
	var large *TooLargeError
	if errors.As(err, &large) && in.Coordinator != cluster.CoordinatorLastWorker {
		return renderFrontEnd(in, false)
	}
	return out, err
}

func renderFrontEnd(in FrontEndInput, withRoster bool) ([]byte, error) {
	n := in.nodeConfig(in.Name, cluster.RoleFrontEnd)
	n.FrontEnd, n.StateVolume = in.Name, in.StateVolume
	b, err := newBuilder(n)
	if err != nil {
		return nil, err
	}
	if n.Coordinator != "" { // a messenger logs in as the coordinator does on a worker
		if err := b.file("", sudoersPath, sudoers, modeSudoers); err != nil {
			return nil, err
		}
	}
	if withRoster {
		if err := b.roster(in.Document); err != nil {
			return nil, err
		}
	}
	if err := b.firstKey(in.CoordinatorKey, in.Certificate); err != nil {
		return nil, err
	}
	return finish(in.Common, in.Name, b)
}

// roster adds a document. Of the groups only the numbers and sizes of workers go with
// it: how nodes are made does not concern the node program.
func (b *builder) roster(document cluster.Document) error {
	doc := document.Clone()
	for name, group := range doc.Groups {
		doc.Groups[name] = cluster.GroupSpec{Count: group.Count, Scaling: group.Scaling, Machine: group.Machine}
	}
	doc.FrontEndAs = nil
	doc.Version = 1
	text, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("write the cluster document: %w", err)
	}
	return b.file("roster", documentPath, string(text), modeSecret)
}

// firstKey adds the key by which a node distributes a document, and its certificate.
func (b *builder) firstKey(key, certificate string) error {
	if err := b.file("", firstKeyPath, ensureNewline(key), modeSecret); err != nil {
		return err
	}
	return b.file("", firstKeyPath+"-cert.pub", ensureNewline(certificate), modeSecret)
}

func ensureNewline(s string) string { return strings.TrimRight(s, "\n") + "\n" }

func finish(c Common, name string, b *builder) ([]byte, error) {
	if err := b.usersFiles(c); err != nil {
		return nil, err
	}
	users, err := usersConfig(c.CloudConfig)
	if err != nil {
		return nil, err
	}
	ours, err := b.render()
	if err != nil {
		return nil, err
	}
	out, err := multiPart(ours, users)
	if err != nil {
		return nil, fmt.Errorf("write the user data: %w", err)
	}
	if len(out) > MaxSize {
		if out, err = compress(out); err != nil {
			return nil, fmt.Errorf("compress the user data: %w", err)
		}
	}
	if len(out) > MaxSize {
		parts := slices.Clone(b.parts)
		if users != "" {
			parts = append(parts, Part{Name: "cloud_config", Size: len(users)})
		}
		return nil, tooLarge(name, len(out), parts)
	}
	return out, nil
}

// compress packs user data that is too large as it is: cloud-init takes it so as well
// (cloudinit/user_data.py, convert_string). Packed files gain by it too, since base64
// writes 6 bits as 8.
func compress(userData []byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzips.Get().(*gzip.Writer) //nolint:forcetypeassert // nothing else is in it
	defer gzips.Put(w)
	w.Reset(&out)
	if _, err := w.Write(userData); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Text returns user data as MIME text, which a node may get compressed.
func Text(userData []byte) (string, error) {
	r, err := gzip.NewReader(bytes.NewReader(userData))
	if errors.Is(err, gzip.ErrHeader) {
		return string(userData), nil
	}
	if err != nil {
		return "", fmt.Errorf("read user data: %w", err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return "", fmt.Errorf("read user data: %w", err)
	}
	return string(text), nil
}

// multiPart puts the parts together as MIME. The boundary follows from the
// content, so that equal input gives equal output.
func multiPart(ours, users string) ([]byte, error) {
	var out bytes.Buffer
	sum := sha256.Sum256([]byte(ours + users))
	w := multipart.NewWriter(&out)
	if err := w.SetBoundary("vmcluster-" + hex.EncodeToString(sum[:12])); err != nil {
		return nil, err
	}
	fmt.Fprintf(&out, "Content-Type: multipart/mixed; boundary=%q\r\nMIME-Version: 1.0\r\n\r\n", w.Boundary())
	if err := addPart(w, "vmcluster.yaml", ours, ""); err != nil {
		return nil, err
	}
	if users != "" {
		if err := addPart(w, "cloud_config.yaml", users, mergeType); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// addPart adds one cloud-config. Text beyond ASCII goes as base64: cloud-init
// reads 8-bit parts by Python's email parser, which garbles them.
func addPart(w *multipart.Writer, name, text, merge string) error {
	header := textproto.MIMEHeader{
		"Content-Type":        {`text/cloud-config; charset="utf-8"`},
		"Content-Disposition": {fmt.Sprintf("attachment; filename=%q", name)},
	}
	if merge != "" {
		header.Set("Merge-Type", merge)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		header.Set("Content-Transfer-Encoding", "base64")
		text = wrap(base64.StdEncoding.EncodeToString([]byte(text)))
	}
	part, err := w.CreatePart(header)
	if err != nil {
		return err
	}
	_, err = io.WriteString(part, text)
	return err
}

// wrap breaks base64 into lines of 76 characters, as MIME wants it.
func wrap(s string) string {
	var b strings.Builder
	for chunk := range slices.Chunk([]byte(s), 76) {
		b.Write(chunk)
		b.WriteByte('\n')
	}
	return b.String()
}
