package cluster

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The document is kept in the front-end's server metadata: zlib, base64, in
// chunks of at most 255 characters. Nova allows 128 items; 8 are left to other
// keys (openstack: conf/quota.py, parameter_types.py).
const (
	documentVersion = 1
	documentHead    = "vmcluster_doc" // "<generation> <chunks>"
	documentChunk   = "vmcluster_doc_"
	chunkSize       = 255
	MaxChunks       = 119
)

// MaxGeneration bounds generations: every JSON reader takes numbers up to it exactly.
const MaxGeneration = 1<<53 - 1

// ErrNoDocument is the error for metadata without a cluster document.
var ErrNoDocument = errors.New("no cluster document in the metadata")

// Document is the cluster's own record in the cloud: all that is needed to add
// or remove a worker without the Terraform configuration, and the roster that
// the front-end distributes. It holds no secret.
type Document struct {
	Version     int                  `json:"version"`
	ID          string               `json:"id"`
	Name        string               `json:"name"`
	Generation  int64                `json:"generation"` // increases with every change of the roster
	LoginUser   string               `json:"login_user,omitempty"`
	LoginUID    int                  `json:"login_uid,omitempty"`
	KeyPair     string               `json:"key_pair,omitempty"`
	OperatorKey string               `json:"operator_key,omitempty"`
	BatchSystem BatchSystem          `json:"batch_system"`
	BatchConfig string               `json:"batch_config,omitempty"` // the user's own lines of its configuration
	Coordinator string               `json:"coordinator,omitempty"`  // "" is the front-end
	CA          string               `json:"ca"`                     // cluster CA, public half
	FrontEnd    FrontEndRecord       `json:"front_end"`
	FrontEndAs  *NodeSpec            `json:"front_end_as,omitempty"` // its specification, for an import of the cluster; without cloud_config and files
	Groups      map[string]GroupSpec `json:"groups"`
	Batches     map[string]string    `json:"batches,omitempty"`  // batch ID → batch CA, public half
	HostCAs     []string             `json:"host_cas,omitempty"` // of front-ends that this one replaces
	Signed      []Link               `json:"signed,omitempty"`   // with document_signing; the newest is the last
	Workers     []Member             `json:"workers"`

	BatchInstall bool `json:"batch_install,omitempty"` // new nodes install the batch system's packages
}

// FrontEndRecord is the front-end's entry in the document. Its keys are "" until the
// front-end has reported them.
type FrontEndRecord struct {
	Name           string `json:"name"`
	Address        string `json:"address,omitempty"`
	FirstKey       string `json:"first_key,omitempty"` // public half of the key in its user data; it introduces the others
	HostKey        string `json:"host_key,omitempty"`
	CoordinatorKey string `json:"coordinator_key,omitempty"`
	HostCA         string `json:"host_ca,omitempty"` // signs the host keys of the workers it has joined; public half
}

// Leaving is the way in which a worker is asked to leave.
type Leaving string

// The ways to leave. A worker whose mark goes away is put back into service.
const (
	Stays       Leaving = ""
	LeaveIdle   Leaving = "idle"  // only if it runs nothing; refused otherwise
	LeaveJobsOK Leaving = "drain" // takes no new job, and leaves when its jobs have ended
)

// Member is a worker in the roster.
type Member struct {
	Name    string  `json:"name"`
	Address string  `json:"address"`
	Batch   string  `json:"batch,omitempty"` // the batch whose CA signed its first host key
	Leaving Leaving `json:"leaving,omitempty"`
}

// Clone returns a copy that shares nothing that is ever written to.
func (d Document) Clone() Document {
	d.Groups = maps.Clone(d.Groups)
	d.Batches = maps.Clone(d.Batches)
	d.HostCAs = slices.Clone(d.HostCAs)
	d.Signed = slices.Clone(d.Signed)
	d.Workers = slices.Clone(d.Workers)
	return d
}

// Member returns the roster's entry of that name.
func (d Document) Member(name string) (Member, bool) {
	for _, m := range d.Workers {
		if m.Name == name {
			return m, true
		}
	}
	return Member{}, false
}

// Encode returns the document as metadata items. The error says by how much a
// document is too large.
func (d Document) Encode() (map[string]string, error) {
	d.Version = documentVersion
	d.Workers = slices.Clone(d.Workers) // the caller keeps its order
	slices.SortFunc(d.Workers, func(a, b Member) int { return CompareNames(a.Name, b.Name) })
	d.dropUnusedBatches()
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode cluster document: %w", err)
	}
	if len(raw) > maxDocument {
		return nil, &DocumentTooLargeError{Size: len(raw), Most: maxDocument}
	}
	var packed bytes.Buffer
	w, err := zlib.NewWriterLevel(&packed, zlib.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("encode cluster document: %w", err)
	}
	if _, err := w.Write(raw); err != nil {
		return nil, fmt.Errorf("encode cluster document: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encode cluster document: %w", err)
	}
	text := base64.StdEncoding.EncodeToString(packed.Bytes())
	if most := MaxChunks * chunkSize; len(text) > most {
		return nil, &DocumentTooLargeError{Size: len(text), Most: most}
	}
	items := map[string]string{}
	n := 0
	for chunk := range slices.Chunk([]byte(text), chunkSize) {
		items[documentChunk+fmt.Sprintf("%03d", n)] = string(chunk)
		n++
	}
	items[documentHead] = fmt.Sprintf("%d %d", d.Generation, n)
	return items, nil
}

// dropUnusedBatches drops the batch CAs that no roster entry names. The front-end may
// still have to verify the first host keys of the others' workers.
func (d *Document) dropUnusedBatches() {
	used := map[string]bool{}
	for _, m := range d.Workers {
		used[m.Batch] = true
	}
	d.Batches = maps.Clone(d.Batches)
	maps.DeleteFunc(d.Batches, func(id, _ string) bool { return !used[id] })
}

// DocumentTooLargeError is the error for a document that does not fit the metadata.
// Size and Most are characters.
type DocumentTooLargeError struct{ Size, Most int }

func (e *DocumentTooLargeError) Error() string {
	return fmt.Sprintf("the cluster document takes %d characters, the front-end's metadata holds %d", e.Size, e.Most)
}

// DecodeDocument reads the document from a server's metadata.
func DecodeDocument(metadata map[string]string) (Document, error) {
	head, ok := metadata[documentHead]
	if !ok {
		return Document{}, ErrNoDocument
	}
	generation, count, err := parseHead(head)
	if err != nil {
		return Document{}, err
	}
	var text strings.Builder
	for i := range count {
		chunk, ok := metadata[documentChunk+fmt.Sprintf("%03d", i)]
		if !ok {
			return Document{}, fmt.Errorf("read cluster document: chunk %d of %d is missing", i, count)
		}
		text.WriteString(chunk)
	}
	packed, err := base64.StdEncoding.DecodeString(text.String())
	if err != nil {
		return Document{}, fmt.Errorf("read cluster document: %w", err)
	}
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return Document{}, fmt.Errorf("read cluster document: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return Document{}, fmt.Errorf("read cluster document: %w", err)
	}
	if len(raw) > maxDocument {
		return Document{}, fmt.Errorf("read cluster document: it has more than %d bytes", maxDocument)
	}
	var d Document
	if err := json.Unmarshal(raw, &d); err != nil {
		return Document{}, fmt.Errorf("read cluster document: %w", err)
	}
	if d.Version != documentVersion {
		return Document{}, fmt.Errorf("read cluster document: it has version %d, this program knows %d: use the vmcluster that wrote it, or a newer one", d.Version, documentVersion)
	}
	if d.Generation != generation {
		return Document{}, fmt.Errorf("read cluster document: generation %d in the head, %d inside", generation, d.Generation)
	}
	if err := d.check(); err != nil {
		return Document{}, fmt.Errorf("read cluster document: %w", err)
	}
	d.Workers = usable(d.Workers)
	for name, group := range d.Groups {
		group.Machine = group.Machine.Sound()
		d.Groups[name] = group
	}
	return d, nil
}

func parseHead(head string) (generation int64, chunks int, err error) {
	g, n, _ := strings.Cut(head, " ")
	generation, errG := strconv.ParseInt(g, 10, 64)
	chunks, errN := strconv.Atoi(n)
	if errG != nil || errN != nil || chunks < 1 || chunks > MaxChunks {
		return 0, 0, fmt.Errorf("read cluster document: head %q is not \"<generation> <chunks>\"", head)
	}
	return generation, chunks, nil
}

// WithDocument returns metadata with the document's items in place of an older
// document's; other items stay.
func WithDocument(metadata, document map[string]string) map[string]string {
	out := maps.Clone(metadata)
	if out == nil {
		out = map[string]string{}
	}
	maps.DeleteFunc(out, func(k, _ string) bool { return k == documentHead || strings.HasPrefix(k, documentChunk) })
	maps.Copy(out, document)
	return out
}

// WithoutMetadataService reports whether the cluster's cloud has no metadata
// service: nodes get their user data on a config drive, and the front-end learns
// of a changed roster from a worker that brings it.
func (d Document) WithoutMetadataService() bool { return d.Coordinator == CoordinatorLastWorker }

// GroupOf returns the cluster's group in a worker's name; "" where the name has
// none, or one that the cluster does not have.
func (d Document) GroupOf(name string) string {
	group := GroupOf(d.Name, name)
	if _, ok := d.Groups[group]; !ok {
		return ""
	}
	return group
}
