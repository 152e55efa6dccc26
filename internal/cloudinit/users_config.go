package cloudinit

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
)

// refusedKeys are the keys of a cloud-config that a node can't have from its user, with
// the reason and the way that works. Our part comes first, and cloud-init keeps the
// first value of a key that is no list.
var refusedKeys = map[string]string{
	"hostname":                  nameWhy,
	"fqdn":                      nameWhy,
	"prefer_fqdn_over_hostname": nameWhy,
	"preserve_hostname":         nameWhy,
	"create_hostname_file":      nameWhy,
	"manage_etc_hosts":          "the provider keeps /etc/hosts of every node; add lines to it by `runcmd`, outside the provider's block",
	"ssh_keys":                  "each node has a host key of its own, which the cluster's CA certifies",
	"power_state":               "it would stop or restart the node while that is being set up; restart it when the apply has ended",
	"cloud_init_modules":        modulesWhy,
	"cloud_config_modules":      modulesWhy,
	"cloud_final_modules":       modulesWhy,
	"disable_ec2_metadata":      "the node reads its roster in the metadata service",
	"merge_how":                 mergeWhy,
	"merge_type":                mergeWhy,
}

const (
	nameWhy    = "a node's name follows from the cluster's and the group's `name`"
	modulesWhy = "it would replace the image's list of modules, by which the node is set up"
	mergeWhy   = "lists are appended to those that the node needs itself"
)

// CheckCloudConfig returns why a user's cloud-config can't be used, or nil.
func CheckCloudConfig(text string) error {
	_, err := usersConfig(text)
	return err
}

// usersConfig checks the user's own cloud-config and returns it; "" when it says
// nothing, since cloud-init takes an empty part for a mistake.
func usersConfig(text string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", nil
	}
	if !utf8.ValidString(text) {
		return "", &CloudConfigError{Reason: "is not UTF-8 text"}
	}
	head, rest, _ := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if strings.TrimRight(head, " \t") != cloudConfigHead {
		return "", &CloudConfigError{Reason: fmt.Sprintf("must have %q as its first line, or cloud-init passes over it", cloudConfigHead)}
	}
	text = cloudConfigHead + "\n" + rest
	if len(text) > MaxSize {
		return text, nil // too large for any user data, which is said there
	}
	var value any
	documents := yaml.NewDecoder(strings.NewReader(text))
	if err := documents.Decode(&value); err != nil && !errors.Is(err, io.EOF) {
		return "", &CloudConfigError{Reason: "is not YAML: " + err.Error()}
	}
	if err := documents.Decode(new(any)); !errors.Is(err, io.EOF) {
		return "", &CloudConfigError{Reason: "must be one YAML document, or cloud-init passes over all of it"}
	}
	if value == nil {
		return "", nil
	}
	keys, ok := value.(map[string]any)
	if !ok {
		return "", &CloudConfigError{Reason: "must be a YAML mapping, not " + kindOf(value)}
	}
	return text, checkKeys(keys)
}

func checkKeys(keys map[string]any) error {
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if why, refused := refusedKeys[key]; refused {
			return &CloudConfigError{Reason: fmt.Sprintf("must not set %s: %s", key, why)}
		}
		var err error
		switch key {
		case "runcmd", "bootcmd":
			err = checkCommands(key, keys[key])
		case "write_files":
			err = checkWriteFiles(keys[key])
		case "packages":
			err = checkPackages(keys[key])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkCommands requires what cloud-init takes as commands. One that it can't take
// costs the node all of them, our own too.
func checkCommands(key string, value any) error {
	commands, ok := value.([]any)
	if !ok {
		return &CloudConfigError{Reason: fmt.Sprintf("must have a list as %s, not %s; begin each command with a hyphen", key, kindOf(value))}
	}
	for i, command := range commands {
		switch command := command.(type) {
		case string, []any:
		default:
			hint := ""
			if _, colon := command.(map[string]any); colon {
				hint = " (a colon with a space after it makes one)"
			}
			return &CloudConfigError{Reason: fmt.Sprintf("must have texts or lists as commands, but %s[%d] is %s%s; put the command in quotes", key, i, kindOf(command), hint)}
		}
	}
	return nil
}

// checkPackages requires a list: cloud-init appends nothing else to the packages that
// the node needs, and the user's would be lost.
func checkPackages(value any) error {
	switch value.(type) {
	case nil, []any:
		return nil
	}
	return &CloudConfigError{Reason: fmt.Sprintf("must have a list as packages, not %s; begin each name with a hyphen", kindOf(value))}
}

// checkWriteFiles requires a list of files of which none is the provider's own.
func checkWriteFiles(value any) error {
	entries, ok := value.([]any)
	if !ok {
		return &CloudConfigError{Reason: "must have a list as write_files, not " + kindOf(value)}
	}
	for i, entry := range entries {
		file, ok := entry.(map[string]any)
		name, isText := file["path"].(string)
		if !ok || !isText || !path.IsAbs(name) {
			return &CloudConfigError{Reason: fmt.Sprintf("must have a mapping with an absolute path as write_files[%d]", i)}
		}
		if why := ownPath(path.Clean(name)); why != "" {
			return &CloudConfigError{Reason: fmt.Sprintf("must not write %q (write_files[%d]), which %s", name, i, why)}
		}
	}
	return nil
}

// kindOf describes a YAML value in words.
func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "nothing"
	case string:
		return "a text"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	case map[string]any, map[any]any:
		return "a mapping"
	default:
		return "a number"
	}
}
