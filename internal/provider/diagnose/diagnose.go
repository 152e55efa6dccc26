// Package diagnose words failures as Terraform's diagnostics: what failed, in the
// API's words, what helps, and at which attribute.
package diagnose

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// advice is what helps against each kind of fault.
var advice = map[cluster.FaultKind]string{
	cluster.FaultNotFound:    "Something that the cluster needs is not there (any more). Check the names and IDs in the configuration; a plan looks them up anew.",
	cluster.FaultAmbiguous:   "Use the ID in place of the name.",
	cluster.FaultQuota:       "Lower `count`, choose a smaller flavor, or have the project's quota raised.",
	cluster.FaultNoHost:      "No hypervisor has room for this flavor now, or none meets what it asks for. Choose another flavor or availability zone, lower `count`, or apply again later.",
	cluster.FaultNetwork:     "Nova got no port or address for the server. Look at the free addresses of the network's subnets and at the quota of ports, or choose another `network`; if both are fine, the cloud's operators have to look at the network on the hypervisor.",
	cluster.FaultImage:       "Choose another `image`, or a `flavor` whose disk and memory are enough for it.",
	cluster.FaultVolume:      "Nova got no volume for the server. Look at the quota of volumes and gigabytes, at `boot_volume`'s size and type, whether the image can be made into a volume, and whether `batch_system.state_volume` is free.",
	cluster.FaultAuth:        "Check the provider's credentials: attributes, OS_* variables, clouds.yaml; a token may have run out.",
	cluster.FaultForbidden:   "The credentials lack a right in this project: a role (member), or an access rule of the application credential.",
	cluster.FaultBadRequest:  "The cloud refused what was asked. Check that image, flavor and network go together.",
	cluster.FaultConflict:    "Another change was under way. Apply again.",
	cluster.FaultRateLimited: "The cloud asks for fewer calls. Lower the provider's `max_concurrency`, or apply again later.",
	cluster.FaultUnavailable: "The outcome of the call is unknown. Apply again: what exists is read before anything is made.",
}

// Unbegun returns the diagnostic of an error that came before anything was changed, as
// at a login, a read or a plan. what is what failed, in a few words.
func Unbegun(what string, err error) diag.Diagnostic {
	var config *openstack.ConfigError
	var exists *provision.ExistsError
	switch {
	case errors.As(err, &config), errors.As(err, &exists):
	case errors.Is(err, context.DeadlineExceeded):
		return diag.NewErrorDiagnostic(what+": out of time", Sentence(err.Error())+" Nothing was changed.")
	case errors.Is(err, context.Canceled):
		return diag.NewErrorDiagnostic(what+": interrupted", Sentence(err.Error())+" Nothing was changed.")
	}
	return Fault(what, err)
}

// Fault returns the diagnostic of an error of the cloud or of provisioning, after
// something may have been changed. what is what failed, in a few words.
func Fault(what string, err error) diag.Diagnostic {
	var config *openstack.ConfigError
	var exists *provision.ExistsError
	var large *cluster.DocumentTooLargeError
	var few *provision.NotReadyError
	var hidden *provision.HiddenError
	switch {
	case errors.As(err, &config):
		return diag.NewErrorDiagnostic("Invalid provider configuration: "+config.Field,
			Sentence(config.Message)+" The setting belongs into the provider block, the environment or clouds.yaml.")
	case errors.As(err, &exists):
		return diag.NewAttributeErrorDiagnostic(path.Root("name"), "Cluster exists already", Sentence(err.Error())+abandonAdvice(exists))
	case errors.As(err, &large):
		return diag.NewAttributeErrorDiagnostic(path.Root("workers"), "Cluster document too large", Sentence(err.Error())+documentAdvice)
	case errors.As(err, &hidden):
		return diag.NewErrorDiagnostic(what+": the cloud does not show all servers", Sentence(err.Error())+hiddenAdvice)
	case errors.As(err, &few):
		return diag.NewAttributeErrorDiagnostic(path.Root("workers").AtMapKey(few.Group).AtName("min_ready"), what+": too few workers",
			Sentence(err.Error())+" The warnings say what is wrong with each missing one. Mend that and apply again, or lower `min_ready`.")
	case errors.Is(err, context.DeadlineExceeded):
		return diag.NewAttributeErrorDiagnostic(path.Root("timeouts"), what+": out of time",
			Sentence(err.Error())+" What came about is in the state; apply again to go on. Raise the value in `timeouts` if the cloud needs longer.")
	case errors.Is(err, context.Canceled):
		return diag.NewErrorDiagnostic(what+": interrupted", Sentence(err.Error())+" What came about is in the state; apply again to go on.")
	}
	detail := Sentence(err.Error())
	if help := help(err); help != "" {
		detail += "\n\n" + help
	}
	if at, ok := faultPath(err); ok {
		return diag.NewAttributeErrorDiagnostic(at, what, detail)
	}
	return diag.NewErrorDiagnostic(what, detail)
}

// help returns what to do about an error: what the error itself says, or what its kind
// says.
func help(err error) string {
	if own := cluster.HelpOf(err); own != "" {
		return own
	}
	return advice[cluster.KindOf(err)]
}

// AbandonVariable is the environment variable by which an operator declares that the
// run is over which began to make a cluster at another place. Its value is the ID of
// this cluster; the next create of a cluster of the same name first deletes what it
// left.
const AbandonVariable = "VMCLUSTER_DELETE_UNFINISHED"

// abandonAdvice names the command that deletes an unfinished cluster of another place.
func abandonAdvice(e *provision.ExistsError) string {
	if e.Finished {
		return ""
	}
	return " Wait for that run to end, or choose another name. " + Abandon(e.ID)
}

// Abandon returns the advice about an unfinished cluster of another place: the command
// that deletes it. It ends with the command.
func Abandon(clusterID string) string {
	return fmt.Sprintf("If the run was interrupted, as on a CI runner that is gone, "+
		"this command deletes what it left and makes the cluster:\n\n  %s=%s terraform apply", AbandonVariable, clusterID)
}

const hiddenAdvice = "\n\nThey may well be alive: a part of the cloud's Nova (a cell) seems to be down, or may not be asked with these credentials. " +
	"Nothing is decided on such an answer: they stay in the state, and nothing is made in their place. Try again when the cloud answers."

const documentAdvice = " Lower `count` and `max` of the groups, shorten `cloud_config`, `files` and `batch_system.config`, or use fewer groups."

// faultPath returns the attribute that helps against a fault, if there is one.
func faultPath(err error) (path.Path, bool) {
	switch cluster.KindOf(err) {
	case cluster.FaultQuota, cluster.FaultNoHost, cluster.FaultNetwork, cluster.FaultImage, cluster.FaultVolume:
		if errors.Is(err, provision.ErrNoFrontEnd) {
			return path.Root("front_end"), true
		}
		return path.Root("workers"), true
	default:
		return path.Empty(), false
	}
}

// Problem returns a warning about one node of a cluster that works otherwise.
func Problem(clusterName string, p cluster.Problem) diag.Diagnostic {
	detail := Sentence(p.Detail)
	if help := advice[p.Kind]; help != "" {
		detail += "\n\n" + help
	}
	detail += "\n\nThe other nodes are not affected."
	if p.Heals {
		detail += " The next plan shows what is missing, and an apply makes it."
	}
	if tail := strings.TrimSpace(p.Console); tail != "" {
		detail += "\n\nEnd of its console log:\n" + tail
	}
	summary := strings.TrimSpace(p.Node + " " + p.Summary)
	if group := cluster.GroupOf(clusterName, p.Node); group != "" {
		return diag.NewAttributeWarningDiagnostic(path.Root("workers").AtMapKey(group), summary, detail)
	}
	return diag.NewAttributeWarningDiagnostic(path.Root("front_end"), summary, detail)
}

// Document returns the diagnostic of a cluster document that can't be written.
func Document(err error) diag.Diagnostic {
	var large *cluster.DocumentTooLargeError
	if errors.As(err, &large) {
		return Fault("Cluster document too large", err)
	}
	return diag.NewErrorDiagnostic("Cluster document can't be written", Sentence(err.Error()))
}

// UserData returns the diagnostic of user data that can't be rendered, at the
// attribute that has to change. at is the front-end or the group.
func UserData(at path.Path, err error) diag.Diagnostic {
	var large *cloudinit.TooLargeError
	var config *cloudinit.CloudConfigError
	var file *cloudinit.FileError
	switch {
	case errors.As(err, &large):
		return diag.NewAttributeErrorDiagnostic(largestPart(at, large), "User data too large", Sentence(err.Error()))
	case errors.As(err, &config):
		return diag.NewAttributeErrorDiagnostic(at.AtName("cloud_config"), "Invalid cloud_config", closed(config.Reason))
	case errors.As(err, &file):
		return diag.NewAttributeErrorDiagnostic(at.AtName("files").AtMapKey(file.Path), "Invalid file", closed(file.Reason))
	default:
		return diag.NewAttributeErrorDiagnostic(at, "Invalid user data", Sentence(err.Error()))
	}
}

// largestPart returns the attribute of the largest part that the user can shorten.
// The error lists parts largest first.
func largestPart(at path.Path, large *cloudinit.TooLargeError) path.Path {
	for _, part := range large.Parts {
		switch {
		case part.Name == "cloud_config":
			return at.AtName("cloud_config")
		case strings.HasPrefix(part.Name, "files["):
			return at.AtName("files")
		}
	}
	return at
}

// Sentence returns an error's text with a capital letter and a full stop.
func Sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	return closed(string(unicode.ToUpper(first)) + text[size:])
}

// closed returns a text with a full stop, unless it ends otherwise, as one of several
// lines does, which shows a piece of a file.
func closed(text string) string {
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "?") || strings.HasSuffix(text, "!") || strings.Contains(text, "\n") {
		return text
	}
	return text + "."
}
