package cloudinit

import (
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// launcher starts the node program. Set-up unpacks it: Python compiles a module once
// and keeps the result, while it would compile a script, or what is in an archive,
// at each start.
const launcher = `#!/usr/bin/python3 -IS
import os
import sys

FOLDER = "` + programFolder + `"
if sys.argv[1:] == ["setup"]:
    import zipfile
    os.umask(0o022)
    with zipfile.ZipFile(FOLDER + "/` + node.Package + `.zip") as archive:
        archive.extractall(FOLDER)
sys.path.insert(0, FOLDER)
import ` + node.Package + `

sys.exit(` + node.Package + `.main(sys.argv[1:]))
`

// The paths on a node, which the node program knows as well, and the files' modes.
const (
	launcherPath  = "/usr/local/sbin/vmcluster-node"
	programFolder = "/usr/local/lib/vmcluster"
	archivePath   = programFolder + "/" + node.Package + ".zip"
	nodePath      = "/etc/vmcluster/node.json"
	documentPath  = "/etc/vmcluster/document.json"
	firstKeyPath  = "/etc/vmcluster/first_key"
	sudoersPath   = "/etc/sudoers.d/vmcluster"
	presetPath    = "/etc/systemd/system-preset/10-vmcluster.preset"
	accountName   = "vmcluster"
	domainSuffix  = ".vmcluster.internal"
	modeProgram   = fs.FileMode(0o755)
	modeSecret    = fs.FileMode(0o600)
	modeSudoers   = fs.FileMode(0o440)
	modeFile      = fs.FileMode(0o644)

	minPacked = 200 // a shorter content gains nothing from gzip
)

// Old sudo versions want a terminal by default (requiretty), which the
// coordinator does not have. The node program reads from SSH_CONNECTION, which sshd
// sets, where the coordinator comes from.
const sudoers = `Defaults:` + accountName + ` !requiretty
Defaults:` + accountName + ` env_keep += "SSH_CONNECTION"
` + accountName + ` ALL=(root) NOPASSWD: ` + launcherPath + ` remote
`

// cloudConfig is our part of the user data. The node program makes the accounts,
// since a users list of ours would bring back the image's default user where the
// user's own cloud-config leaves it out.
type cloudConfig struct {
	Hostname       string      `yaml:"hostname"`
	FQDN           string      `yaml:"fqdn"`
	PreferFQDN     bool        `yaml:"prefer_fqdn_over_hostname"`
	ManageEtcHosts bool        `yaml:"manage_etc_hosts"`
	SSHKeys        *sshKeys    `yaml:"ssh_keys,omitempty"`
	WriteFiles     []writeFile `yaml:"write_files"`
	RunCmd         [][]string  `yaml:"runcmd"`
	PackageUpdate  bool        `yaml:"package_update,omitempty"`
	Packages       []string    `yaml:"packages,omitempty"`
}

type sshKeys struct {
	Private     string `yaml:"ed25519_private"`
	Public      string `yaml:"ed25519_public"`
	Certificate string `yaml:"ed25519_certificate"`
}

type writeFile struct {
	Path        string `yaml:"path"`
	Permissions string `yaml:"permissions"`
	Encoding    string `yaml:"encoding"`
	Content     string `yaml:"content"`
}

// nodeConfig is /etc/vmcluster/node.json: what a node knows about itself before the
// first bundle reaches it.
type nodeConfig struct {
	ID             string              `json:"id"` // the cluster's
	Cluster        string              `json:"cluster"`
	Name           string              `json:"name"`
	Role           cluster.Role        `json:"role"`
	Group          string              `json:"group,omitempty"`
	FrontEnd       string              `json:"front_end"`
	LoginUser      string              `json:"login_user,omitempty"`
	LoginUID       int                 `json:"login_uid,omitempty"`
	OperatorKey    string              `json:"operator_key,omitempty"`
	BatchSystem    cluster.BatchSystem `json:"batch_system"`
	CA             string              `json:"ca"`
	Principal      string              `json:"principal"`
	CoordinatorKey string              `json:"coordinator_key,omitempty"`
	Coordinator    string              `json:"coordinator,omitempty"`
	Signing        bool                `json:"document_signing,omitempty"`
	Install        []string            `json:"install,omitempty"`      // packages, which set-up sees to where cloud-init could not install them
	BatchConfig    string              `json:"batch_config,omitempty"` // with document_signing, to hold later ones against
	StateVolume    string              `json:"state_volume,omitempty"` // ID; on the front-end only
}

func (c Common) nodeConfig(name string, role cluster.Role) nodeConfig {
	n := nodeConfig{
		ID: c.ClusterID, Cluster: c.ClusterName, Name: name, Role: role,
		OperatorKey: strings.TrimSpace(c.OperatorKey), BatchSystem: c.BatchSystem,
		CA: strings.TrimSpace(c.CA), Principal: trust.CoordinatorPrincipal, Signing: c.Signing && role == cluster.RoleFrontEnd,
	}
	if c.Coordinator == cluster.CoordinatorLastWorker {
		n.Coordinator = c.Coordinator
	}
	if c.Install {
		n.Install = node.Packages(string(c.BatchSystem), role == cluster.RoleFrontEnd)
	}
	if n.Signing {
		n.BatchConfig = c.BatchConfig
	}
	if c.LoginUser != "" {
		n.LoginUser, n.LoginUID = c.LoginUser, c.LoginUID
	}
	return n
}

// builder collects our cloud-config, and the sizes of its pieces.
type builder struct {
	config cloudConfig
	parts  []Part
}

func newBuilder(n nodeConfig) (*builder, error) {
	b := &builder{config: cloudConfig{
		Hostname: n.Name,
		FQDN:     n.Name + "." + n.Cluster + domainSuffix,
		RunCmd:   [][]string{{launcherPath, "setup"}},
	}}
	about, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", nodePath, err)
	}
	program, err := packedProgram(n.BatchSystem, n.Role)
	if err != nil {
		return nil, fmt.Errorf("pack the node program: %w", err)
	}
	b.add("node program", archivePath, program, modeFile)
	if err := b.file("", launcherPath, launcher, modeProgram); err != nil {
		return nil, err
	}
	if err := b.file("", nodePath, string(about)+"\n", modeSecret); err != nil {
		return nil, err
	}
	return b, b.install(n)
}

// install has cloud-init install what the batch system needs, before the commands among
// which is the node program's set-up. A package enables and starts its daemon unless a
// preset of systemd's forbids it (deb-systemd-helper of Debian 12 and later).
func (b *builder) install(n nodeConfig) error {
	if len(n.Install) == 0 {
		return nil
	}
	b.config.PackageUpdate, b.config.Packages = true, n.Install
	var preset strings.Builder
	for _, unit := range node.Units(string(n.BatchSystem)) {
		preset.WriteString("disable " + unit + "\n")
	}
	return b.file("", presetPath, preset.String(), modeFile)
}

// file adds a file. part names it in a TooLargeError; "" leaves it out there.
func (b *builder) file(part, name, content string, mode fs.FileMode) error {
	f, err := pack(content)
	if err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	b.add(part, name, f, mode)
	return nil
}

func (b *builder) add(part, name string, f packed, mode fs.FileMode) {
	b.config.WriteFiles = append(b.config.WriteFiles, writeFile{
		Path: name, Permissions: fmt.Sprintf("%04o", mode), Encoding: f.encoding, Content: f.content,
	})
	if part != "" {
		b.parts = append(b.parts, Part{Name: part, Size: len(f.content)})
	}
}

// usersFiles adds the user's files, after our own.
func (b *builder) usersFiles(c Common) error {
	paths := slices.Sorted(maps.Keys(c.Files))
	if wrong := CheckFiles(paths, c.LoginUser); len(wrong) > 0 {
		return wrong[0]
	}
	for _, name := range paths {
		if err := b.file(fmt.Sprintf("files[%q]", name), name, c.Files[name], modeFile); err != nil {
			return err
		}
	}
	return nil
}

// render writes our cloud-config, in ASCII: one with other characters would go as
// base64, packed files too, and be a third larger. Only paths hold such characters, and
// YAML has the escapes that Go has (YAML 1.2, 5.7).
func (b *builder) render() (string, error) {
	config := b.config
	config.WriteFiles = slices.Clone(config.WriteFiles)
	var escapes []string
	for i, f := range config.WriteFiles {
		if strings.ContainsFunc(f.Path, func(r rune) bool { return r >= utf8.RuneSelf }) {
			sum := sha256.Sum256([]byte(f.Path))
			config.WriteFiles[i].Path = "escaped-" + hex.EncodeToString(sum[:]) // other paths begin with a slash
			escapes = append(escapes, "path: "+config.WriteFiles[i].Path+"\n", "path: "+strconv.QuoteToASCII(f.Path)+"\n")
		}
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		return "", fmt.Errorf("write the cloud-config: %w", err)
	}
	return cloudConfigHead + "\n" + strings.NewReplacer(escapes...).Replace(string(text)), nil
}

// packed is a file's content as write_files takes it. All contents are encoded, so
// that no YAML reader ever sees characters that are special to it.
type packed struct{ encoding, content string }

// programs holds the packed node program by batch system and role: packing it is most
// of what rendering a node's user data would cost.
var programs sync.Map

// program is a key of programs.
type program struct {
	batchSystem cluster.BatchSystem
	role        cluster.Role
}

// packedProgram returns the node program for a cluster's batch system, "" is none.
func packedProgram(batchSystem cluster.BatchSystem, role cluster.Role) (packed, error) {
	key := program{cmp.Or(batchSystem, cluster.BatchNone), role}
	if p, ok := programs.Load(key); ok {
		return p.(packed), nil //nolint:forcetypeassert // nothing else is in it
	}
	archive, err := node.Archive(string(key.batchSystem), role == cluster.RoleFrontEnd)
	if err != nil {
		return packed{}, err
	}
	p, err := pack(string(archive))
	if err == nil {
		programs.Store(key, p)
	}
	return p, err
}

// gzips keeps writers, since making one takes longer than compressing a small file.
var gzips = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is wrong
	}
	return w
}}

// pack encodes a content, compressed if that makes it smaller. There is no time stamp
// in it, so that equal input gives equal user data.
func pack(content string) (packed, error) {
	plain := packed{"b64", base64.StdEncoding.EncodeToString([]byte(content))}
	if len(content) < minPacked {
		return plain, nil
	}
	out, err := compress([]byte(content))
	if err != nil {
		return packed{}, err
	}
	small := packed{"gz+b64", base64.StdEncoding.EncodeToString(out)}
	if len(plain.content) <= len(small.content) {
		return plain, nil
	}
	return small, nil
}
