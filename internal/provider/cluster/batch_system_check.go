package cluster

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
)

// checkBatchSystem refuses lines of configuration that would undo vmcluster's own, an
// installation of packages that no distribution has, and groups with names that the batch
// system does not take.
func (c config) checkBatchSystem() diag.Diagnostics {
	var diags diag.Diagnostics
	batch := c.batch.Type.ValueString()
	if c.batch.Type.IsUnknown() {
		return nil
	}
	if lines := c.batch.Config; !lines.IsNull() && cluster.CheckBatchConfig(lines.ValueString()) == nil { // else the schema says so
		if err := CheckSettings(batch, lines.ValueString()); err != nil {
			diags.AddAttributeError(path.Root("batch_system").AtName("config"), "Unusable configuration", diagnose.Sentence(err.Error()))
		}
	}
	if err := CheckInstall(batch, c.batch.Install.ValueBool()); err != nil {
		diags.AddAttributeError(path.Root("batch_system").AtName("install"), "No packages", diagnose.Sentence(err.Error()))
	}
	for _, group := range c.groupNames() {
		if err := CheckGroup(batch, group); err != nil {
			diags.AddAttributeError(path.Root("workers").AtMapKey(group), "Reserved group name", diagnose.Sentence(err.Error()))
		}
	}
	return diags
}

// CheckSettings returns why lines can't be a user's own configuration of a batch system, or
// nil. The error has a sentence for each of the first lines that can't.
func CheckSettings(batch, lines string) error {
	if cluster.BatchSystem(batch) == cluster.BatchNone {
		return errors.New("there is no batch system: set `type`, or leave `config` out")
	}
	faults := settingFaults(lines, node.OwnSettings(batch))
	if more := len(faults) - mostNames; more > 0 {
		faults = append(faults[:mostNames], fmt.Sprintf("%d more lines.", more))
	}
	if len(faults) == 0 {
		return nil
	}
	return errors.New(strings.Join(faults, "\n"))
}

// CheckInstall returns why a cluster with that batch system can't have its packages
// installed at first boot, or nil. A cluster without one has nothing to install.
func CheckInstall(batch string, install bool) error {
	known := slices.Contains(node.BatchSystems(), batch) && cluster.BatchSystem(batch) != cluster.BatchNone
	if !install || !known || node.CanInstall(batch) {
		return nil
	}
	return fmt.Errorf("no distribution has packages of %s: use an image that has them, and leave `install` out", batch)
}

// CheckGroup returns why a group of a cluster with that batch system can't have a name, or
// nil.
func CheckGroup(batch, group string) error {
	if !slices.Contains(node.ReservedGroups(batch), group) {
		return nil
	}
	return fmt.Errorf("with `batch_system.type = %q` a group can't have the name %q, which has a meaning of its own there; choose another one", batch, group)
}

// settingName is the form of a setting's name. A statement, such as an include or a
// condition, has other signs before its first "=", or has none.
var settingName = regexp.MustCompile(`^[A-Za-z_][-\w.]*$`)

// oneSetting is a setting as batch systems read it that take several in a line.
var oneSetting = regexp.MustCompile(`^\s*([A-Za-z_][\w.]*)\s*[-+*/]?=\s*(?:"[^"]*"|\S+)(?:\s|$)`)

// furtherSettings returns the names of the settings after the first of a line.
func furtherSettings(line string) []string {
	var names []string
	for m := oneSetting.FindStringSubmatch(line); m != nil; m = oneSetting.FindStringSubmatch(line) {
		names, line = append(names, m[1]), line[len(m[0]):]
	}
	return names[min(1, len(names)):]
}

// settingFaults returns a sentence for each line that is neither empty nor a comment nor a
// setting of the user's own. A setting that goes on in the next line could hide another
// one, so it is refused.
func settingFaults(lines string, own []string) []string {
	var out []string
	number := 0
	for line := range strings.SplitSeq(lines, "\n") {
		number++
		line = strings.TrimSpace(line)
		name, _, isSetting := strings.Cut(line, "=")
		name = strings.TrimSpace(strings.TrimRight(strings.TrimSpace(name), "+-*/"))
		switch {
		case strings.HasSuffix(line, "\\"):
			out = append(out, fmt.Sprintf("Line %d goes on in the next one: write each setting on one line.", number))
		case line == "" || strings.HasPrefix(line, "#"):
		case !isSetting || !settingName.MatchString(name):
			out = append(out, fmt.Sprintf("Line %d is no setting (`NAME = value`): includes, conditions and other statements are not possible here.", number))
		case isOwn(name, own):
			out = append(out, fmt.Sprintf("Line %d sets %s, which is vmcluster's own: leave it out.", number, name))
		default:
			further := furtherSettings(line)
			if i := slices.IndexFunc(further, func(name string) bool { return isOwn(name, own) }); i >= 0 {
				out = append(out, fmt.Sprintf("Line %d sets %s, too, which is vmcluster's own: leave it out.", number, further[i]))
			}
		}
	}
	return out
}

// isOwn reports whether a name, or its last part where it is meant for one program
// (PROGRAM.NAME), is among the own ones, in whatever case.
func isOwn(name string, own []string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return slices.ContainsFunc(own, func(o string) bool { return strings.EqualFold(o, name) || strings.EqualFold(o, last) })
}
