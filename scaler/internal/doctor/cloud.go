package doctor

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/access"
)

// mostSkew is the difference between two clocks from which on times that one program
// takes from another mislead it.
const mostSkew = time.Minute

// examineCloud logs in, and looks at rights, clock and cluster. read reports whether the
// cluster could be read.
func (d Doctor) examineCloud(ctx context.Context) (all []Finding, view cluster.View, read bool) {
	cloud, reader, err := d.Login(ctx)
	if err != nil {
		return []Finding{
			failed("cloud", "correct the credentials or the address, then try again: openstack token issue", "the login failed: %v", err),
			notTried("rights", "the login failed"), notTried("clock", "the login failed"), notTried("cluster", "the login failed"),
		}, view, false
	}
	all = append(all, ok("cloud", "the login succeeded"), roles(cloud.Roles()))
	all = append(all, d.rights(ctx, cloud)...)
	view, err = reader.Read(ctx)
	if err != nil {
		return append(all, failed("cluster", "correct cluster in the configuration, or apply the cluster with Terraform first", "cluster %s can't be read: %v", d.Config.Cluster, err)), view, false
	}
	all = append(all, clusterOf(view), d.groups(view))
	return append(all, report(view), lease(view)), view, true
}

// roles judges the roles of the login. A cloud may give its own roles these rights, so
// an unusual role is no failure.
func roles(names []string) Finding {
	for _, n := range names {
		if slices.Contains([]string{"admin", "manager", "member", "_member_", "Member"}, n) {
			return ok("rights", "the login has the role %s", n)
		}
	}
	return warning("rights", "give the user, or the application credential, the role member", "the login has none of the usual roles that may change servers, but: %s", strings.Join(names, ", "))
}

// rights tries each call of the scaler's life, on servers that do not exist: a cloud that
// allows the call finds nothing, and nothing is changed.
func (d Doctor) rights(ctx context.Context, cloud Cloud) []Finding {
	endpoints, err := cloud.Endpoints()
	if err != nil {
		return []Finding{failed("rights", "ask the cloud's operators for the service", "%v", err)}
	}
	var all []Finding
	var answered answered
	tried := 0
	for _, c := range access.Calls(endpoints) {
		method, path, body := harmless(c)
		began := d.Now()
		a, err := cloud.Try(ctx, c.At, method, path, body)
		answered.note(a, began, d.Now())
		tried++
		if f, bad := judge(c, err); bad {
			all = append(all, f)
		}
	}
	if len(all) == 0 {
		all = append(all, ok("rights", "the cloud allows the %s of the scaler's life, as far as it can be tried without a change", text.Count(tried, "call")))
	}
	return append(all, answered.findings(d)...)
}

// harmless returns a call that changes nothing, whatever the cloud answers: what it
// changes does not exist, and what it makes is not specified.
func harmless(c access.Call) (method, path string, body any) {
	path = strings.Replace(c.Rule.Path, "*", nothing(), 1)
	path = strings.Replace(path, "*", "vmcluster-doctor", 1)
	switch {
	case strings.HasSuffix(path, "/action"):
		return c.Rule.Method, path, map[string]any{"os-getConsoleOutput": map[string]any{"length": 1}}
	case c.Rule.Method == "PUT" && strings.HasSuffix(path, "/metadata"):
		return c.Rule.Method, path, map[string]any{"metadata": map[string]string{}}
	case c.Rule.Method == "POST":
		return c.Rule.Method, path, map[string]any{}
	case strings.HasSuffix(path, "/detail"), strings.HasSuffix(path, "/ports"):
		return c.Rule.Method, path + "?limit=1", nil
	}
	return c.Rule.Method, path, nil
}

// nothing returns the ID of nothing: a random one (RFC 9562, version 4).
func nothing() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// judge returns the finding for a call that the cloud refuses or does not answer.
func judge(c access.Call, err error) (Finding, bool) {
	switch {
	case err == nil, cluster.IsKind(err, cluster.FaultNotFound), cluster.IsKind(err, cluster.FaultBadRequest):
		return Finding{}, false
	}
	call := c.Rule.Method + " " + c.Rule.Path
	do := "allow the call: vmcluster-scaler status --access-rules prints all rules of an application credential"
	switch {
	case !cluster.IsKind(err, cluster.FaultForbidden) && !cluster.IsKind(err, cluster.FaultAuth):
		return failed("rights", "look at the cloud's service", "%s (%s) can't be tried: %v", call, c.Why, err), true
	case c.Optional:
		return warning("rights", do, "the cloud refuses %s (%s), and the scaler goes on without it: %v", call, c.Why, err), true
	}
	return failed("rights", do, "the cloud refuses %s (%s): %v", call, c.Why, err), true
}

// answered is what the answers of a cloud say of its clock and its certificate.
type answered struct {
	dated bool
	skew  time.Duration // of the cloud's clock against ours
	ends  time.Time     // of the certificate that ends first
}

// note takes an answer to a call that began and ended then, by our clock.
func (a *answered) note(answer openstack.Answer, began, ended time.Time) {
	if !answer.Date.IsZero() && !a.dated {
		a.dated = true
		switch { // the date has whole seconds, and lies between begin and end
		case answer.Date.Before(began.Add(-time.Second)):
			a.skew = answer.Date.Sub(began)
		case answer.Date.After(ended.Add(time.Second)):
			a.skew = answer.Date.Sub(ended)
		}
	}
	if end := answer.CertificateEnds; !end.IsZero() && (a.ends.IsZero() || end.Before(a.ends)) {
		a.ends = end
	}
}

func (a *answered) findings(d Doctor) []Finding {
	var all []Finding
	switch {
	case !a.dated:
		all = append(all, notTried("clock", "the cloud does not name its time"))
	case a.skew.Abs() > mostSkew:
		all = append(all, warning("clock", "have both machines follow one time server (timedatectl)", "the cloud's clock is %s %s this machine's", a.skew.Abs().Round(time.Second), ahead(a.skew)))
	default:
		all = append(all, ok("clock", "the cloud's clock agrees with this machine's to a minute"))
	}
	if !a.ends.IsZero() {
		all = append(all, d.ends("cloud", "the cloud's TLS certificate", "tell the cloud's operators", a.ends))
	}
	return all
}

func ahead(d time.Duration) string {
	if d > 0 {
		return "ahead of"
	}
	return "behind"
}

// clusterOf judges the cluster's front-end.
func clusterOf(v cluster.View) Finding {
	fe, is := v.Nodes.FrontEnd()
	switch {
	case !is:
		return failed("cluster", "apply the cluster with Terraform", "cluster %s has no front-end", v.Document.Name)
	case fe.Status != "ACTIVE":
		return failed("cluster", "look at the server; terraform apply makes a front-end in ERROR anew", "the front-end %s is %s", fe.Name, fe.Status)
	}
	return ok("cluster", "%s, generation %d: the front-end is ACTIVE, the roster has %s", v.Document.Name, v.Document.Generation, text.Count(len(v.Document.Workers), "worker"))
}

// groups judges the blocks of groups against the groups of the cluster.
func (d Doctor) groups(v cluster.View) Finding {
	groups := v.Document.Groups
	there := strings.Join(slices.Sorted(maps.Keys(groups)), ", ")
	for _, name := range slices.Sorted(maps.Keys(d.Config.Policy.Groups)) {
		if _, is := groups[name]; !is {
			return failed("groups", "correct or remove the group block", "the cluster has no group %q, but: %s", name, there)
		}
	}
	for _, n := range d.Config.Policy.NotInCharge(groups) {
		if _, block := d.Config.Policy.Groups[strings.TrimPrefix(n.About, "group ")]; block {
			return failed("groups", "change Terraform's configuration or scaler.hcl, as said", "%s: %s", n.About, n.Reason)
		}
	}
	ours := slices.Sorted(maps.Keys(d.Config.Policy.For(groups).Groups))
	if len(ours) == 0 {
		return failed("groups", "write scaling = { min = 0, max = 10 } in Terraform's configuration in place of a group's count, and apply", "none of the cluster's groups is the scaler's: %s", there)
	}
	return ok("groups", "the scaler has charge of %s", strings.Join(ours, ", "))
}

// report judges the front-end's report. The slot is empty while a running scaler takes
// each report.
func report(v cluster.View) Finding {
	r := v.Report
	switch {
	case v.Document.WithoutMetadataService():
		return notTried("report", "the front-end reports on its console alone")
	case v.ReportRefused != "":
		return warning("report", "run this again in a minute; if it stays so, the server was rebuilt, or its disk was put back: delete it, and the next apply makes it anew",
			"what stands in the place of the front-end's report is not from it: %s", v.ReportRefused)
	case !v.HasReport:
		return ok("report", "there is none now: a running scaler takes each one; the front-end repeats it within a minute")
	case r.Error != "":
		return warning("report", "look at the front-end's log: journalctl -u vmcluster-coordinator", "the front-end says: %s", r.Error)
	case r.Generation < v.Document.Generation:
		return warning("report", "wait a minute; if it stays so, look at the front-end's log: journalctl -u vmcluster-coordinator", "the front-end reports generation %d, the document has %d", r.Generation, v.Document.Generation)
	case r.Pending > 0:
		names := ""
		if r.PendingNames != "" {
			names = ": " + r.PendingNames
		}
		return warning("report", "look at the consoles of these workers, and at the front-end's log: journalctl -u vmcluster-coordinator", "%d of %s have not joined yet%s", r.Pending, text.Count(r.Joined+r.Pending, "worker"), names)
	}
	return ok("report", "the front-end reports generation %d, and %s", r.Generation, text.Count(r.Joined, "joined worker"))
}

// lease names the scaler that acts.
func lease(v cluster.View) Finding {
	fe, _ := v.Nodes.FrontEnd()
	var holders []string
	for _, l := range fe.Leases {
		holder, _, _ := strings.Cut(l, ":")
		holders = append(holders, holder)
	}
	if len(holders) == 0 {
		return ok("lease", "no scaler holds it")
	}
	return ok("lease", "scaler %s holds it, or held it when it was killed; another one takes over when the lease has not been renewed for its duration", strings.Join(holders, ", "))
}
