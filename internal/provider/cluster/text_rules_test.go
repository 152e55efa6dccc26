package cluster

import (
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
)

// Each row: a rule, a text, and what is wrong with it; "" is nothing.
func TestTextRules(t *testing.T) {
	for _, row := range []struct {
		rule       func(string) error
		text, says string
	}{
		{checkReference, "debian-13 (hpc)", ""},
		{checkReference, "réseau 🌌", ""},
		{checkReference, strings.Repeat("ä", 255), ""},
		{checkReference, strings.Repeat("ä", 256), "256 characters"},
		{checkReference, "", "empty"},
		{checkReference, " \t", "nothing but space"},
		{checkReference, " debian", "begins or ends with a space"},
		{checkReference, "debian\n", "U+000A"},
		{checkReference, "a\u200bb", "U+200B"},
		{checkReference, "a\u00a0b", "U+00A0"},
		{checkReference, "a\u202eb", "U+202E"},
		{checkReference, "a\x00b", "U+0000"},
		{checkReference, "a\xffb", "U+FFFD"},
		{checkMetadataValue, "", ""},
		{checkMetadataValue, "two\nlines", ""},
		{checkMetadataValue, "\x1b[2J", "control character"},
		{checkMetadataValue, strings.Repeat("ä", 256), "256 characters"},
		{checkNotEmpty, " \n", "empty"},
		{CheckLoginUser, "", ""},
		{CheckLoginUser, "ada_l-1", ""},
		{CheckLoginUser, "ada\n", "not a user name"},
		{CheckLoginUser, "\u0430da", "U+0430"},
		{CheckLoginUser, "systemd-x", "system account"},
		{CheckLoginUser, "debian", "system account"},
		{CheckLoginUser, "sudo", "system account"},
		{checkDrain, "0s", ""},
		{checkDrain, "8760h", ""},
		{checkDrain, "8761h", "too long"},
		{checkDrain, "-1ns", "negative"},
		{checkDrain, "30", "not a span of time"},
		{checkTimeout, "1s", ""},
		{checkTimeout, "0s", "the least is 1s"},
		{checkTimeout, "1h\n", "not a span of time"},
		{CheckAddress, "10.0.0.9", ""},
		{CheckAddress, "2001:db8::9", ""},
		{CheckAddress, "10.0.0.9\n10.6.6.6", "not an IP address"},
		{CheckAddress, "fe80::1%eth0", "network interface"},
		{CheckAddress, "::ffff:10.0.0.9", "write 10.0.0.9"},
		{CheckAddress, "::1", "no address"},
	} {
		err := row.rule(row.text)
		if row.says == "" && err != nil || row.says != "" && (err == nil || !strings.Contains(err.Error(), row.says)) {
			t.Errorf("%q: %v, want %q", row.text, err, row.says)
		}
	}
	for _, name := range node.ReservedAccounts() {
		if CheckLoginUser(name) == nil {
			t.Errorf("%s is accepted as login user", name)
		}
	}
}
