package cloudinit

import (
	"strings"
	"testing"
)

// Each row: the keys of a cloud-config, and what is wrong with them; "" is nothing.
func TestCloudConfigKeys(t *testing.T) {
	for text, says := range map[string]string{
		"packages: [htop]": "", "runcmd:\n  - echo\n  - [echo, a, 1]": "", "users: []": "", "bootcmd: [[modprobe, nvidia]]": "",
		"write_files:\n  - path: /etc/motd\n    content: hi": "", "write_files:\n  - {path: /etc/sudoers.d/site, permissions: '0440', content: x}": "",
		"packages:": "", "packages: []": "", "packages:\n  - apt: [htop]\n  - [slurmd, 24.11]": "",
		"packages: htop":                       "a list as packages, not a text; begin each name with a hyphen",
		"packages: {apt: [htop]}":              "a list as packages, not a mapping",
		"hostname: x":                          "must not set hostname: a node's name follows",
		"fqdn: x.y":                            "must not set fqdn",
		"preserve_hostname: true":              "must not set preserve_hostname",
		"manage_etc_hosts: true":               "must not set manage_etc_hosts: the provider keeps /etc/hosts",
		"ssh_keys: {rsa_private: x}":           "must not set ssh_keys",
		"power_state: {mode: reboot}":          "must not set power_state: it would stop or restart",
		"power_state:":                         "must not set power_state",
		"cloud_final_modules: [scripts-user]":  "must not set cloud_final_modules",
		"disable_ec2_metadata: true":           "must not set disable_ec2_metadata",
		"x: &x {hostname: a}\n<<: *x":          "must not set hostname",
		"runcmd: echo":                         "a list as runcmd, not a text",
		"runcmd:":                              "a list as runcmd, not nothing",
		"runcmd: {a: b}":                       "a list as runcmd, not a mapping",
		"bootcmd: 7":                           "a list as bootcmd, not a number",
		"runcmd:\n  - touch /x\n  - echo a: b": "runcmd[1] is a mapping (a colon",
		"runcmd: [7]":                          "runcmd[0] is a number",
		"runcmd: [true]":                       "runcmd[0] is true or false",
		"runcmd: [null]":                       "runcmd[0] is nothing",
		"write_files: {path: /x}":              "a list as write_files, not a mapping",
		"write_files: [/x]":                    "mapping with an absolute path as write_files[0]",
		"write_files: [{content: x}]":          "absolute path as write_files[0]",
		"write_files: [{path: x}]":             "absolute path as write_files[0]",
		"write_files: [{path: /etc/hosts}]":    `must not write "/etc/hosts" (write_files[0]), which is the provider's own`,
		"write_files: [{path: /etc//./hosts}]": "must not write",
		"write_files: [{path: /a}, {path: /usr/local/sbin/../sbin/vmcluster-node}]": "(write_files[1])",
		"- a": "must be a YAML mapping, not a list",
		"7":   "must be a YAML mapping, not a number",
		"a":   "must be a YAML mapping, not a text",
	} {
		err := CheckCloudConfig(cloudConfigHead + "\n" + text + "\n")
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}

// Deep nesting and many references cost no time, and nothing brings the check down.
func FuzzCloudConfig(f *testing.F) {
	f.Add("a: " + strings.Repeat("[", 2000) + strings.Repeat("]", 2000))
	f.Add("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nruncmd: *c")
	f.Add("a: &a [*a]\nruncmd: *a")
	f.Add("runcmd: &r\n  - *r")
	f.Add("write_files: [{path: /etc/hosts}]\n<<: {hostname: x}")
	f.Add("hostname: x\n1: y\n? [a]\n: b")
	f.Fuzz(func(t *testing.T, text string) {
		err := CheckCloudConfig(cloudConfigHead + "\n" + text)
		if err != nil && strings.Contains(err.Error(), "interface") {
			t.Errorf("%q: %v", text, err)
		}
	})
}
