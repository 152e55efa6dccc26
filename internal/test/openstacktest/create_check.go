package openstacktest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of the real API (nova: api/openstack/compute/schemas/servers.py,
// api/validation/parameter_types.py, conf/quota.py).
const (
	maxUserData      = 65535 // characters of base64
	maxText          = 255
	maxTag           = 60
	maxTags          = 50
	maxMetadata      = 128
	maxPassword      = 1020
	metadataKeyRegex = `^[a-zA-Z0-9-_:. ]{1,255}$`
)

var (
	metadataKey = regexp.MustCompile(metadataKeyRegex)
	uuid        = regexp.MustCompile(`^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$`)
)

// createKeys are the keys of the create call, with the first and the last microversion
// that takes them.
var createKeys = map[string][2]int{
	"name": {}, "imageRef": {}, "flavorRef": {}, "networks": {}, "user_data": {}, "metadata": {}, "key_name": {},
	"security_groups": {}, "availability_zone": {}, "config_drive": {}, "min_count": {}, "max_count": {},
	"block_device_mapping": {}, "block_device_mapping_v2": {}, "adminPass": {}, "accessIPv4": {}, "accessIPv6": {},
	"OS-DCF:diskConfig": {}, "return_reservation_id": {}, "description": {19}, "tags": {52}, "personality": {0, 56},
	"trusted_image_certificates": {63}, "host": {74}, "hypervisor_hostname": {74}, "hostname": {90},
}

// checkCreate is the schema of the create call's server.
func (c *Cloud) checkCreate(q *request, raw json.RawMessage, fields map[string]json.RawMessage) bool {
	required := []string{"name", "flavorRef"}
	if q.mv >= 37 {
		required = append(required, "networks")
	}
	for _, key := range required {
		if _, ok := fields[key]; !ok {
			invalidInput(q, "server", raw, pyString(key)+" is a required property")
			return false
		}
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		span, known := createKeys[key]
		if !known || q.mv < span[0] || span[1] > 0 && q.mv > span[1] {
			invalidInput(q, "server", raw, fmt.Sprintf("Additional properties are not allowed (%s was unexpected)", pyString(key)))
			return false
		}
	}
	return checkName(q, fields["name"]) && checkLength(q, "user_data", fields["user_data"], 0, maxUserData) &&
		checkImageRef(q, fields["imageRef"]) && checkBlockDevices(q, fields["block_device_mapping_v2"]) && checkTags(q, fields["tags"]) &&
		(fields["metadata"] == nil || c.checkMetadata(q, fields["metadata"]))
}

func checkName(q *request, raw json.RawMessage) bool {
	if !checkLength(q, "name", raw, 1, maxText) {
		return false
	}
	var name string
	if json.Unmarshal(raw, &name) == nil && strings.TrimSpace(name) != name {
		badRequest(q, "An invalid 'name' value was provided. The name must be: printable characters. Can not start or end with whitespace.")
		return false
	}
	return true
}

// checkLength refuses a value that is no text or has a wrong length; the value may be
// missing.
func checkLength(q *request, field string, raw json.RawMessage, least, most int) bool {
	var s string
	switch {
	case raw == nil:
		return true
	case string(raw) == "null" || json.Unmarshal(raw, &s) != nil:
		invalidInput(q, field, raw, pyRepr(raw)+" is not of type 'string'")
	case utf8.RuneCountInString(s) < least:
		invalidInput(q, field, raw, pyString(s)+" is too short")
	case utf8.RuneCountInString(s) > most:
		invalidInput(q, field, raw, pyString(s)+" is too long")
	default:
		return true
	}
	return false
}

func checkImageRef(q *request, raw json.RawMessage) bool {
	var s string
	if raw == nil || json.Unmarshal(raw, &s) == nil && (s == "" || uuid.MatchString(s)) {
		return true
	}
	invalidInput(q, "imageRef", raw, pyRepr(raw)+" is not valid under any of the given schemas")
	return false
}

func checkTags(q *request, raw json.RawMessage) bool {
	if raw == nil {
		return true
	}
	var tags []json.RawMessage
	if err := json.Unmarshal(raw, &tags); err != nil {
		invalidInput(q, "tags", raw, pyRepr(raw)+" is not of type 'array'")
		return false
	}
	if len(tags) > maxTags {
		invalidInput(q, "tags", raw, pyRepr(raw)+" is too long")
		return false
	}
	for i, t := range tags {
		if !checkTagText(q, fmt.Sprint(i), t) {
			return false
		}
	}
	return true
}

func checkTagText(q *request, field string, raw json.RawMessage) bool {
	if !checkLength(q, field, raw, 1, maxTag) {
		return false
	}
	if strings.ContainsAny(string(raw), ",/") {
		invalidInput(q, field, raw, pyRepr(raw)+" does not match '^[^,/]*$'")
		return false
	}
	return true
}

// checkMetadata refuses what is no set of metadata, in Nova's order: the
// schema first, then the number of items.
func (c *Cloud) checkMetadata(q *request, raw json.RawMessage) bool {
	items, ok := decode(raw)
	if !ok {
		invalidInput(q, "metadata", raw, pyRepr(raw)+" is not of type 'object'")
		return false
	}
	for _, key := range slices.Sorted(maps.Keys(items)) {
		if !metadataKey.MatchString(key) {
			invalidInput(q, "metadata", raw, fmt.Sprintf("%s does not match any of the regexes: '%s'", pyString(key), metadataKeyRegex))
			return false
		}
		if !checkLength(q, key, items[key], 0, maxText) {
			return false
		}
	}
	return c.checkMetadataCount(q, len(items))
}

func (c *Cloud) mostMetadata() int { return cmp.Or(c.o.Quota.MetadataItems, maxMetadata) }

func (c *Cloud) checkMetadataCount(q *request, n int) bool {
	if most := c.mostMetadata(); n > most {
		computeError(q, http.StatusForbidden, fmt.Sprintf("Maximum number of metadata items exceeds %d", most))
		return false
	}
	return true
}
