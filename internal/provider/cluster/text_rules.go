package cluster

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
)

// maxName is the length of a name in OpenStack's services, in characters (nova:
// parameter_types.py; glance, neutron and cinder: db models).
const maxName = 255

// checkReference returns why a text can't be the name or ID of something in the cloud,
// or nil.
func checkReference(text string) error {
	switch n := utf8.RuneCountInString(text); {
	case text == "":
		return errors.New("empty; give a name or an ID, or leave it out")
	case strings.TrimSpace(text) == "":
		return errors.New("nothing but space; give a name or an ID, or leave it out")
	case n > maxName:
		return fmt.Errorf("%d characters; a name in OpenStack has at most %d", n, maxName)
	}
	if hidden := strings.IndexFunc(text, isHidden); hidden >= 0 {
		char, _ := utf8.DecodeRuneInString(text[hidden:])
		return fmt.Errorf("it holds a character that can't be seen (%U)", char)
	}
	if strings.TrimSpace(text) != text {
		return errors.New("it begins or ends with a space")
	}
	return nil
}

// isHidden reports whether a character of a name looks like nothing, or like a plain
// space and is none.
func isHidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r != ' ' && unicode.Is(unicode.Zs, r) || r == utf8.RuneError
}

// checkNotEmpty returns why a text can't be a cloud-config, as far as it is empty.
func checkNotEmpty(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("empty; leave it out")
	}
	return nil
}

// checkMetadataValue returns why a text can't be a value of a server's metadata, or nil.
func checkMetadataValue(text string) error {
	if n := utf8.RuneCountInString(text); n > cluster.MaxMetadataText {
		return fmt.Errorf("%d characters; a value of metadata has at most %d", n, cluster.MaxMetadataText)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }); i >= 0 {
		return errors.New("it holds a control character")
	}
	return nil
}

// userName matches names that every useradd accepts.
var userName = regexp.MustCompile(`^[a-z_][-a-z0-9_]{0,31}$`)

// CheckLoginUser returns why a text can't be a cluster's login user, or nil. The empty
// text stands for none.
func CheckLoginUser(user string) error {
	switch {
	case user == "":
		return nil
	case !userName.MatchString(user):
		return fmt.Errorf("not a user name: at most 32 lower-case letters, digits, `_` and `-`, a letter or `_` first%s", cluster.ForeignCharacter(user))
	case slices.Contains(node.ReservedAccounts(), user) || strings.HasPrefix(user, "systemd-"):
		return errors.New("a system account or group of the nodes' images; every node trusts the login user, which therefore needs an account of its own")
	default:
		return nil
	}
}

// The range of uids that a login user can have.
const (
	LeastLoginUID = 1000
	MostLoginUID  = 60000
)

// longest is the longest span of time that an attribute takes.
const longest = 365 * 24 * time.Hour

// checkSpan returns why a text is no span of time of at least that length, or nil.
func checkSpan(text string, least time.Duration) error {
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return errors.New("not a span of time; write for example \"30m\" or \"1h30m\"")
	case d < 0:
		return errors.New("it is negative")
	case d < least:
		return fmt.Errorf("too short: the least is %s", least)
	case d > longest:
		return fmt.Errorf("too long: the most is %gh, a year", longest.Hours())
	default:
		return nil
	}
}

// checkDrain returns why a text can't be the time to drain a worker, or nil.
func checkDrain(text string) error { return checkSpan(text, 0) }

// checkTimeout returns why a text can't be one of `timeouts`, or nil.
func checkTimeout(text string) error { return checkSpan(text, time.Second) }

// CheckAddress returns why a text is no address that a node can have, or nil.
func CheckAddress(text string) error {
	a, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return errors.New("not an IP address")
	case a.Zone() != "":
		return errors.New("it names a network interface, which only one machine knows; leave out the percent sign and what follows")
	case a.Is4In6():
		return fmt.Errorf("an IPv4 address in the form of IPv6; write %s", a.Unmap())
	case a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return errors.New("no address that a node can have")
	default:
		return nil
	}
}
