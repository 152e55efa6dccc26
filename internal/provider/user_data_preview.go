package provider

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	program "github.com/vmcluster/terraform-provider-vmcluster/internal/node"
	clusterresource "github.com/vmcluster/terraform-provider-vmcluster/internal/provider/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// preview is a node whose user data a user wants to look at.
type preview struct {
	spec  cluster.Spec
	group string // "" is the front-end
	node  cluster.NodeSpec
}

// readPreview reads the argument of the function user_data.
func readPreview(argument attr.Value) (preview, error) {
	attributes, ok := membersOf(argument)
	if !ok {
		return preview{}, errors.New("an object is needed, as in { name = \"astro\", group = \"cpu\" }")
	}
	var p preview
	var batch, config string
	uid := cluster.DefaultLoginUID
	counts := map[string]int{}
	var loginUser *string
	readers := map[string]func(attr.Value) error{
		"name":         func(v attr.Value) error { return readText(v, &p.spec.Name) },
		"group":        func(v attr.Value) error { return readText(v, &p.group) },
		"login_user":   func(v attr.Value) error { loginUser = new(string); return readText(v, loginUser) },
		"login_uid":    func(v attr.Value) error { return readNumber(v, &uid) },
		"batch_system": func(v attr.Value) error { return readBatchSystem(v, &batch, &config, &p.spec.BatchInstall) },
		"cloud_config": func(v attr.Value) error { return readText(v, &p.node.CloudConfig) },
		"files":        func(v attr.Value) (err error) { p.node.Files, err = readTexts(v); return err },
		"workers":      func(v attr.Value) (err error) { counts, err = readNumbers(v); return err },
	}
	for name, value := range attributes {
		read, known := readers[name]
		switch {
		case !known:
			return preview{}, fmt.Errorf("%q is not an attribute that shapes user data; those are %s", name, strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
		case value.IsNull():
			continue
		}
		if err := read(value); err != nil {
			return preview{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	p.spec.LoginUID, p.spec.BatchSystem, p.spec.BatchConfig = uid, cluster.BatchSystem(batch), config
	p.spec.LoginUser = cluster.DefaultLoginUser(p.spec.Name)
	if loginUser != nil {
		p.spec.LoginUser = *loginUser
	}
	p.spec.Groups = make(map[string]cluster.GroupSpec, len(counts))
	for group, n := range counts {
		p.spec.Groups[group] = cluster.GroupSpec{Count: n}
	}
	return p, p.check()
}

func (p *preview) check() error {
	if err := cluster.CheckClusterName(p.spec.Name); err != nil {
		return err
	}
	p.spec.BatchSystem = cmp.Or(p.spec.BatchSystem, cluster.BatchNone)
	if err := program.CheckBatchSystem(string(p.spec.BatchSystem)); err != nil {
		return fmt.Errorf("batch_system: %w", err)
	}
	if err := clusterresource.CheckInstall(string(p.spec.BatchSystem), p.spec.BatchInstall); err != nil {
		return fmt.Errorf("batch_system.install: %w", err)
	}
	if err := cluster.CheckBatchConfig(p.spec.BatchConfig); err != nil {
		return fmt.Errorf("batch_system.config: %w", err)
	}
	if p.spec.BatchConfig != "" {
		if err := clusterresource.CheckSettings(string(p.spec.BatchSystem), p.spec.BatchConfig); err != nil {
			return fmt.Errorf("batch_system.config: %w", err)
		}
	}
	if err := clusterresource.CheckLoginUser(p.spec.LoginUser); err != nil {
		return fmt.Errorf("login_user = %+q: %w", p.spec.LoginUser, err)
	}
	if uid := p.spec.LoginUID; uid < clusterresource.LeastLoginUID || uid > clusterresource.MostLoginUID {
		return fmt.Errorf("login_uid = %d: must be between %d and %d", uid, clusterresource.LeastLoginUID, clusterresource.MostLoginUID)
	}
	groups := slices.Sorted(maps.Keys(p.spec.Groups))
	if p.group != "" {
		groups = append(groups, p.group)
	}
	for _, group := range groups {
		if err := cluster.CheckGroupName(group); err != nil {
			return err
		}
		if err := clusterresource.CheckGroup(string(p.spec.BatchSystem), group); err != nil {
			return err
		}
		if n := p.spec.Groups[group].Count; n > clusterresource.MostWorkers {
			return fmt.Errorf("workers[%q] = %d: a group has at most %d workers", group, n, clusterresource.MostWorkers)
		}
	}
	return nil
}

// keyText returns what stands in a rendering for a key: what describes the key, genuine
// is one of the same kind.
type keyText func(what, genuine string) string

// remarks puts a description in parentheses in the place of a key.
func remarks(what, _ string) string { return "(" + what + ")" }

// standIns puts noise of the same length in the place of a key, which takes as much
// room as the key, packed and unpacked. The noise is the same each time, as a
// function's result has to be.
func standIns(what, genuine string) string {
	const known = 36 // characters with which all keys of a kind begin
	out := []byte(genuine)
	seed := sha256.Sum256([]byte(what))
	var noise string
	for i := known; i < len(out); i++ {
		if noise == "" {
			seed = sha256.Sum256(seed[:])
			noise = base64.RawStdEncoding.EncodeToString(seed[:])
		}
		if out[i] != '\n' {
			out[i], noise = noise[0], noise[1:]
		}
	}
	return string(out)
}

// render returns the node's user data, with put in the place of each key. The CA is
// thrown away: only the length of its keys matters.
func (p preview) render(put keyText) ([]byte, error) {
	ca, err := trust.NewCA()
	if err != nil {
		return nil, err
	}
	spec := p.spec
	spec.OperatorKey = put("public key of key_pair", ca.Public())
	doc := roster.Trial(spec, put("public key of the cluster's CA", ca.Public()))
	if p.group == "" {
		key, err := ca.Coordinator(doc.Name, time.Unix(0, 0))
		if err != nil {
			return nil, err
		}
		return cloudinit.FrontEnd(cloudinit.FrontEndInput{
			Common: cloudinit.NewCommon(doc, p.node), Name: doc.FrontEnd.Name, Document: doc,
			CoordinatorKey: put("key of the coordinator, good for two hours", key.Private),
			Certificate:    put("certificate of that key", key.Certificate),
		})
	}
	name := cluster.WorkerName(doc.Name, p.group, max(1, p.spec.Groups[p.group].Count))
	key, err := ca.HostKey(name, time.Unix(0, 0))
	if err != nil {
		return nil, err
	}
	return cloudinit.Worker(cloudinit.WorkerInput{
		Common: cloudinit.NewCommon(doc, p.node), Name: name, Group: p.group, FrontEndName: doc.FrontEnd.Name,
		CoordinatorKey: put("public key of the coordinator, once it is known", ca.Public()),
		HostKey: cloudinit.HostKey{
			Private:     put("first host key, replaced when the worker joins", key.Private),
			Public:      put("its public half", key.Public),
			Certificate: put("its certificate", key.Certificate),
		},
	})
}

func membersOf(v attr.Value) (map[string]attr.Value, bool) {
	switch v := v.(type) {
	case types.Object:
		return v.Attributes(), !v.IsNull()
	case types.Map:
		return v.Elements(), !v.IsNull()
	case types.Dynamic:
		return membersOf(v.UnderlyingValue())
	}
	return nil, false
}

// readText reads a text. A number in its place is refused, as null is inside a map.
func readText(v attr.Value, to *string) error {
	if d, ok := v.(types.Dynamic); ok {
		v = d.UnderlyingValue()
	}
	s, ok := v.(types.String)
	if !ok || s.IsNull() {
		return errors.New("a text is needed")
	}
	*to = s.ValueString()
	return nil
}

// readBatchSystem reads a batch system's type, or an object with the type, the own lines
// of its configuration, and whether nodes install it. The object's other attributes shape
// no user data.
func readBatchSystem(v attr.Value, batch, config *string, install *bool) error {
	members, isObject := membersOf(v)
	if !isObject {
		return readText(v, batch)
	}
	for name, to := range map[string]*string{"type": batch, "config": config} {
		if member, there := members[name]; there && !member.IsNull() {
			if err := readText(member, to); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if member, there := members["install"]; there && !member.IsNull() {
		if err := readBool(member, install); err != nil {
			return fmt.Errorf("install: %w", err)
		}
	}
	return nil
}

func readBool(v attr.Value, to *bool) error {
	if d, ok := v.(types.Dynamic); ok {
		v = d.UnderlyingValue()
	}
	b, ok := v.(types.Bool)
	if !ok || b.IsNull() || b.IsUnknown() {
		return errors.New("true or false is needed")
	}
	*to = b.ValueBool()
	return nil
}

// mostNumber is the largest number that any attribute takes.
const mostNumber = 100_000

func readNumber(v attr.Value, to *int) error {
	if d, ok := v.(types.Dynamic); ok {
		v = d.UnderlyingValue()
	}
	n, ok := v.(types.Number)
	if !ok || n.IsNull() || n.IsUnknown() || !n.ValueBigFloat().IsInt() {
		return errors.New("a whole number is needed")
	}
	value := n.ValueBigFloat()
	if value.Sign() < 0 || value.Cmp(big.NewFloat(mostNumber)) > 0 {
		return fmt.Errorf("%s is out of range", value.Text('g', 20))
	}
	whole, _ := value.Int64()
	*to = int(whole)
	return nil
}

func readTexts(v attr.Value) (map[string]string, error) {
	return readMembers(v, readText)
}

func readNumbers(v attr.Value) (map[string]int, error) {
	return readMembers(v, readNumber)
}

func readMembers[T any](v attr.Value, read func(attr.Value, *T) error) (map[string]T, error) {
	members, ok := membersOf(v)
	if !ok {
		return nil, errors.New("a map is needed")
	}
	out := make(map[string]T, len(members))
	for name, member := range members {
		var value T
		if err := read(member, &value); err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		out[name] = value
	}
	return out, nil
}
