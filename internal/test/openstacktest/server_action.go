package openstacktest

import (
	"encoding/json"
	"net/http"
	"strings"
)

func serverAction(_ *Cloud, q *request, s *server) {
	body, ok := decode(q.body)
	if !ok || len(body) != 1 {
		badRequest(q, "Malformed request body")
		return
	}
	for name, raw := range body {
		if name == "lock" || name == "unlock" {
			s.locked = name == "lock"
			q.empty(http.StatusAccepted)
			return
		}
		if name != "os-getConsoleOutput" {
			badRequest(q, "There is no such action: %s", name)
			return
		}
		var b struct{ Length any }
		if !isObject(raw) || json.Unmarshal(raw, &b) != nil {
			invalidInput(q, name, raw, pyRepr(raw)+" is not of type 'object'")
			return
		}
		if s.launched.IsZero() {
			computeError(q, http.StatusConflict, "Instance "+s.id+" is not ready")
			return
		}
		q.reply(http.StatusOK, map[string]any{"output": tail(s.console, count(b.Length), b.Length != nil)})
	}
}

// tail returns the last n lines.
func tail(text string, n int, limited bool) string {
	lines := strings.SplitAfter(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if !limited || n >= len(lines) {
		return text
	}
	return strings.Join(lines[len(lines)-max(n, 0):], "")
}
