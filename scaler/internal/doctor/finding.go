// Package doctor looks at everything that the scaler needs, changes nothing, and says of
// each part whether it is right, and what to do if it is not.
package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// State is how a part is.
type State string

// The states. A warning is something that works now, or without which the scaler goes on.
const (
	OK       State = "ok"
	Warning  State = "warning"
	Failed   State = "failed"
	NotTried State = "not tried" // because something else failed
)

// Finding is what was found of one part.
type Finding struct {
	State State  `json:"state"`
	Part  string `json:"part"` // "cloud", "queue", …
	Text  string `json:"text"` // what is
	Do    string `json:"do,omitempty"`
}

// longestText bounds the text of a finding, in characters. Parts of it are other
// programs' words.
const longestText = 2000

// line returns the text of a finding, without its full stop.
func line(format string, args []any) string {
	return strings.TrimSuffix(text.Line(fmt.Sprintf(format, args...), longestText), ".")
}

func ok(part, format string, args ...any) Finding {
	return Finding{State: OK, Part: part, Text: line(format, args)}
}

func warning(part, do, format string, args ...any) Finding {
	return Finding{State: Warning, Part: part, Text: line(format, args), Do: text.Line(do, longestText)}
}

func failed(part, do, format string, args ...any) Finding {
	return Finding{State: Failed, Part: part, Text: line(format, args), Do: text.Line(do, longestText)}
}

func notTried(part, why string) Finding {
	return Finding{State: NotTried, Part: part, Text: why}
}

// Healthy reports whether no part has failed.
func Healthy(all []Finding) bool {
	for _, f := range all {
		if f.State == Failed {
			return false
		}
	}
	return true
}

// Troubles returns the findings that are not OK.
func Troubles(all []Finding) []Finding {
	var out []Finding
	for _, f := range all {
		if f.State != OK {
			out = append(out, f)
		}
	}
	return out
}

// String returns the finding as one line.
func (f Finding) String() string {
	all := fmt.Sprintf("%-9s  %-9s  %s", f.State, f.Part, f.Text)
	if f.Do != "" {
		all += ". To do: " + f.Do
	}
	return all
}

// Write prints one line for each finding.
func Write(w io.Writer, all []Finding) error {
	for _, f := range all {
		if _, err := fmt.Fprintln(w, f); err != nil {
			return fmt.Errorf("print the findings: %w", err)
		}
	}
	return nil
}

// WriteJSON prints the findings as JSON.
func WriteJSON(w io.Writer, all []Finding) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("print the findings: %w", err)
	}
	return nil
}
