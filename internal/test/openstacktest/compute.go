package openstacktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

const maxMicroversion = 93

var computeErrorNames = map[int]string{
	400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "itemNotFound", 405: "badMethod",
	409: "conflictingRequest", 413: "overLimit", 429: "overLimit", 501: "notImplemented", 503: "serviceUnavailable",
}

func computeError(q *request, status int, message string) {
	name, ok := computeErrorNames[status]
	if !ok {
		name = "computeFault"
	}
	q.reply(status, map[string]any{name: map[string]any{"code": status, "message": message}})
}

func badRequest(q *request, format string, args ...any) {
	computeError(q, http.StatusBadRequest, fmt.Sprintf(format, args...))
}

// invalidInput is how Nova's schemas refuse a value.
func invalidInput(q *request, field string, value json.RawMessage, why string) {
	shown := pyRepr(value)
	if len(shown) > 1 && shown[0] == '\'' { // a text is shown without its quotes there
		var s string
		if json.Unmarshal(value, &s) == nil {
			shown = s
		}
	}
	badRequest(q, "Invalid input for field/attribute %s. Value: %s. %s", field, shown, why)
}

// compute lets a handler see only calls with a good token and a microversion
// that this Nova speaks.
func compute(h handler) handler {
	return func(c *Cloud, q *request) {
		if !c.authorized(q) {
			q.header.Set("WWW-Authenticate", `Keystone uri="`+q.base+`/identity/"`)
			q.reply(http.StatusUnauthorized, map[string]any{"error": map[string]any{
				"code": http.StatusUnauthorized, "title": "Unauthorized", "message": authenticate,
			}})
			return
		}
		if !q.readMicroversion() {
			return
		}
		version := "2." + strconv.Itoa(q.mv)
		q.header.Set("OpenStack-API-Version", "compute "+version)
		q.header.Set("X-OpenStack-Nova-API-Version", version)
		q.header.Set("Vary", "X-OpenStack-Nova-API-Version")
		h(c, q)
	}
}

var microversion = regexp.MustCompile(`^([1-9]\d*)\.([1-9]\d*|0)$`)

// readMicroversion reads the wanted microversion, by default 2.1; it writes
// the answer itself if there is no such version.
func (q *request) readMicroversion() bool {
	wanted := q.Header.Get("X-OpenStack-Nova-API-Version")
	for v := range strings.SplitSeq(q.Header.Get("OpenStack-API-Version"), ",") {
		if service, version, ok := strings.Cut(strings.TrimSpace(v), " "); ok && service == "compute" {
			wanted = version
		}
	}
	switch wanted {
	case "":
		q.mv = 1
		return true
	case "latest":
		q.mv = maxMicroversion
		return true
	}
	m := microversion.FindStringSubmatch(wanted)
	if m == nil {
		badRequest(q, "API Version String %s is of invalid format. Must be of format MajorNum.MinorNum.", wanted)
		return false
	}
	minor, err := strconv.Atoi(m[2])
	if err != nil || m[1] != "2" || minor < 1 || minor > maxMicroversion {
		computeError(q, http.StatusNotAcceptable, fmt.Sprintf(
			"Version %s is not supported by the API. Minimum is 2.1 and maximum is 2.%d.", wanted, maxMicroversion))
		return false
	}
	q.mv = minor
	return true
}

func computeVersion(_ *Cloud, q *request) {
	q.reply(http.StatusOK, map[string]any{"version": map[string]any{
		"id": "v2.1", "status": "CURRENT", "version": "2." + strconv.Itoa(maxMicroversion), "min_version": "2.1",
		"updated": "2013-07-23T11:33:21Z", "links": []link{{"self", q.base + "/compute/v2.1/"}},
	}})
}

func (q *request) computeLinks(kind, id string) []link {
	return []link{
		{"self", q.base + "/compute/v2.1/" + kind + "/" + id},
		{"bookmark", q.base + "/compute/" + kind + "/" + id},
	}
}

// unexpected is how Nova answers when it did not expect an exception.
func unexpected(q *request, class string) {
	computeError(q, http.StatusInternalServerError, "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ "+
		"and attach the Nova API log if possible.\n<class '"+class+"'>")
}

// ofServer finds the server that a call is about.
func ofServer(h func(c *Cloud, q *request, s *server)) handler {
	return ofServerOr("could not be found.", h)
}

// ofServerOr is ofServer for calls that answer a missing server with other words.
func ofServerOr(missing string, h func(c *Cloud, q *request, s *server)) handler {
	return func(c *Cloud, q *request) {
		id := q.PathValue("id")
		s := c.server(id)
		if s == nil {
			computeError(q, http.StatusNotFound, "Instance "+id+" "+missing)
			return
		}
		if s.down {
			unexpected(q, "nova.exception.NovaException")
			return
		}
		h(c, q, s)
	}
}

// server returns the server with that ID while the API still knows it.
func (c *Cloud) server(id string) *server {
	for _, s := range c.servers {
		if s.id == id && s.status != statusDeleted {
			return s
		}
	}
	return nil
}
