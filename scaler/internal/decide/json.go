package decide

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// In JSON an Add, a Step and a Note have their reason in words, beside its code and
// its arguments: {"worker": …, "group": …, "reason": "idle for …", "code": …}.

// MarshalJSON implements json.Marshaler.
func (a Add) MarshalJSON() ([]byte, error) {
	type plain Add
	return reason.JSON(struct {
		plain
		reason.Worded
	}{plain(a), a.Reason.Worded()})
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *Add) UnmarshalJSON(data []byte) error {
	type plain Add
	in := struct {
		*plain
		reason.Worded
	}{plain: (*plain)(a)}
	err := json.Unmarshal(data, &in)
	a.Reason = in.Plain()
	return err
}

// MarshalJSON implements json.Marshaler.
func (s Step) MarshalJSON() ([]byte, error) {
	type plain Step
	return reason.JSON(struct {
		plain
		reason.Worded
	}{plain(s), s.Reason.Worded()})
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Step) UnmarshalJSON(data []byte) error {
	type plain Step
	in := struct {
		*plain
		reason.Worded
	}{plain: (*plain)(s)}
	err := json.Unmarshal(data, &in)
	s.Reason = in.Plain()
	return err
}

// MarshalJSON implements json.Marshaler.
func (n Note) MarshalJSON() ([]byte, error) {
	type plain Note
	return reason.JSON(struct {
		plain
		reason.Worded
	}{plain(n), n.Reason.Worded()})
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Note) UnmarshalJSON(data []byte) error {
	type plain Note
	in := struct {
		*plain
		reason.Worded
	}{plain: (*plain)(n)}
	err := json.Unmarshal(data, &in)
	n.Reason = in.Plain()
	return err
}

// MarshalText implements encoding.TextMarshaler: GROUP/KIND/ZONE.
func (k FaultKey) MarshalText() ([]byte, error) {
	if strings.Contains(k.Group, "/") || strings.Contains(string(k.Kind), "/") {
		return nil, fmt.Errorf("neither a group nor a kind of fault has a slash in its name: %q, %q", k.Group, k.Kind)
	}
	return []byte(k.Group + "/" + string(k.Kind) + "/" + k.Zone), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *FaultKey) UnmarshalText(text []byte) error {
	parts := strings.SplitN(string(text), "/", 3)
	if len(parts) != 3 {
		return fmt.Errorf("%q is not GROUP/KIND/ZONE", text)
	}
	*k = FaultKey{Group: parts[0], Kind: cluster.FaultKind(parts[1]), Zone: parts[2]}
	return nil
}

// windowJSON is a Window's JSON. Days count from 0, Sunday; times of day are in
// minutes.
type windowJSON struct {
	Days []time.Weekday `json:"days,omitempty"`
	From Clock          `json:"from_minute"`
	To   Clock          `json:"to_minute"`
	Min  int            `json:"min"`
	Zone string         `json:"time_zone"` // as the time zone database names it
}

// MarshalJSON implements json.Marshaler.
func (w Window) MarshalJSON() ([]byte, error) {
	return reason.JSON(windowJSON{Days: w.Days, From: w.From, To: w.To, Min: w.Min, Zone: w.Zone.String()})
}

// UnmarshalJSON implements json.Unmarshaler. A time zone that this machine does not
// know is an error.
func (w *Window) UnmarshalJSON(data []byte) error {
	var in windowJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("read a schedule: %w", err)
	}
	zone, err := time.LoadLocation(in.Zone)
	if err != nil {
		return fmt.Errorf("read a schedule: %w", err)
	}
	*w = Window{Days: in.Days, From: in.From, To: in.To, Min: in.Min, Zone: zone}
	return nil
}
