package decide

import (
	"encoding/json"

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
