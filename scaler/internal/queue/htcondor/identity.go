package htcondor

import (
	"cmp"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// masterAttributes are those of a worker's master. Of the ads that a worker sends, the
// collector 23.9 writes the sender's identity into each, but for those of slots that
// are sent with the command UPDATE_STARTD_AD_WITH_ACK: there it keeps the identity that
// the sender wrote. A master's ad cannot be sent with that command. So the master's ad
// says which node a worker is, and of which server.
var masterAttributes = []string{"Name", "Machine", "AuthenticatedIdentity", "VmclusterName", "NovaInstanceUUID"}

// identity is what a sender has proved by its token, and what its master says under it.
type identity struct {
	node    string // name; "": it is no worker's identity
	machine string // full name, in lower case
	server  string // ID
}

// identityOf returns the identity that the collector has written into an ad. The
// front-end gives each worker one of its own: "worker.NAME.X@DOMAIN".
func identityOf(a ad) identity {
	user, domain, _ := strings.Cut(strings.ToLower(a.text("AuthenticatedIdentity")), "@")
	words := strings.Split(user, ".")
	if len(words) != 3 || words[0] != "worker" || words[1] == "" || domain == "" {
		return identity{}
	}
	return identity{node: words[1], machine: words[1] + "." + domain}
}

// addMaster takes the ad of a worker's master.
func (l *workerList) addMaster(a ad) error {
	l.anyMaster = true
	id, machine := identityOf(a), machineOfAd(a)
	if id.node == "" || machine == "" {
		return nil
	}
	said := strings.ToLower(a.text("VmclusterName"))
	if machine != id.machine || said != "" && said != id.node {
		l.claim(cmp.Or(said, nodeName(machine)), id.node)
		return nil
	}
	id.server = a.text("NovaInstanceUUID")
	l.masters[a.text("AuthenticatedIdentity")] = id
	return nil
}

// hostName matches what can be the name of a machine.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})$`)

// machineOfAd returns the full name of the machine that an ad is of, in lower case; ""
// if it names none. It has to be plain text: an expression can have another value for
// each reader.
func machineOfAd(a ad) string {
	machine := a.text("Machine")
	if machine == "" {
		machine = machineOf(a.text("Name"))
	}
	if !hostName.MatchString(machine) {
		return ""
	}
	return strings.ToLower(machine)
}

// addressOf returns the address in a daemon's contact, "<192.0.2.7:9618?…>", in the form
// in which clouds write it; "" if there is none.
func addressOf(contact string) string {
	contact, _, _ = strings.Cut(strings.TrimPrefix(contact, "<"), "?")
	at, err := netip.ParseAddrPort(strings.TrimSuffix(contact, ">"))
	if err != nil {
		return ""
	}
	return at.Addr().Unmap().String()
}

// claim notes that something was said in a node's name.
func (l *workerList) claim(node, by string) {
	if !hostName.MatchString(node) {
		node = "?"
	}
	if len(l.claims) < queue.MostClaims {
		l.claims[queue.Claim{Node: node, By: by}] = true
	}
}

func (l *workerList) sortedClaims() []queue.Claim {
	return slices.SortedFunc(maps.Keys(l.claims), func(a, b queue.Claim) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.By, b.By))
	})
}
