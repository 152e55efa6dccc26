package reason

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Arguments are a reason's arguments in order. Their JSON is one object, in which
// a value's form shows its type: 2 · {"seconds": 90} · {"mib": 512} · "cpu" ·
// ["a", "b"] · {"words": "…"} · {"reasons": […]}.
type Arguments []Argument

// MarshalJSON implements json.Marshaler.
func (as Arguments) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, a := range as {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := valueJSON(a.Value)
		if err != nil {
			return nil, fmt.Errorf("argument %s: %w", a.Name, err)
		}
		fmt.Fprintf(&b, "%s:%s", quoted(a.Name), value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func valueJSON(value any) ([]byte, error) {
	switch v := value.(type) {
	case int, string, []string:
		return JSON(v)
	case time.Duration:
		return []byte(`{"seconds":` + seconds(v) + `}`), nil
	case MiB:
		return []byte(`{"mib":` + strconv.Itoa(int(v)) + `}`), nil
	case Words:
		return JSON(map[string]string{"words": string(v)})
	case []Reason:
		return JSON(map[string][]Reason{"reasons": v})
	}
	return nil, fmt.Errorf("a value of type %T has no JSON form", value)
}

// JSON encodes a value without HTML escapes: people read "CPUs 64 > 2" in records.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func quoted(name string) string {
	text, err := JSON(name)
	if err != nil {
		return strconv.Quote(name)
	}
	return string(text)
}

// seconds writes a duration exactly, as a decimal number of seconds.
func seconds(d time.Duration) string {
	whole, part := int64(d/time.Second), int64(d%time.Second)
	text := strconv.FormatInt(max(whole, -whole), 10)
	if part != 0 {
		text += strings.TrimRight(fmt.Sprintf(".%09d", max(part, -part)), "0")
	}
	if d < 0 {
		return "-" + text
	}
	return text
}

// UnmarshalJSON implements json.Unmarshaler. The order of the arguments is kept.
func (as *Arguments) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("a reason's arguments are an object, not %s: %w", data, err)
	}
	*as = nil
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return fmt.Errorf("read an argument's name: %w", err)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return fmt.Errorf("read argument %v: %w", name, err)
		}
		value, err := valueOf(raw)
		if err != nil {
			return fmt.Errorf("argument %v: %w", name, err)
		}
		*as = append(*as, Argument{Name: fmt.Sprint(name), Value: value})
	}
	return nil
}

func valueOf(raw json.RawMessage) (any, error) {
	switch raw[0] {
	case '"':
		return decoded[string](raw)
	case '[':
		return decoded[[]string](raw)
	case 'n':
		return nil, errors.New("null is no value of an argument")
	case '{':
	default:
		return decoded[int](raw)
	}
	object, err := decoded[struct {
		Seconds json.Number
		MiB     *MiB
		Words   *Words
		Reasons []Reason
	}](raw)
	switch {
	case err != nil:
		return nil, err
	case object.Seconds != "":
		d, err := time.ParseDuration(string(object.Seconds) + "s")
		if err != nil {
			return nil, fmt.Errorf("seconds: %w", err)
		}
		return d, nil
	case object.MiB != nil:
		return *object.MiB, nil
	case object.Words != nil:
		return *object.Words, nil
	case object.Reasons != nil:
		return object.Reasons, nil
	}
	return nil, fmt.Errorf("%s is no value of an argument", raw)
}

func decoded[T any](raw json.RawMessage) (T, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("decode %s: %w", raw, err)
	}
	return v, nil
}

// Worded is a reason in a record that people and programs read: the words beside
// the code and the arguments.
type Worded struct {
	Reason    string    `json:"reason"`
	Code      Code      `json:"code,omitempty"`
	Arguments Arguments `json:"arguments,omitempty"`
}

// Worded returns the reason as it stands in a record.
func (r Reason) Worded() Worded {
	return Worded{Reason: r.String(), Code: r.Code, Arguments: r.Arguments}
}

// Plain returns the reason of a record. Where a record has no code, or one that
// this program does not know, its words are the reason.
func (w Worded) Plain() Reason {
	if _, known := words[w.Code]; known || w.Reason == "" {
		return Reason{Code: w.Code, Arguments: w.Arguments}
	}
	return Said(w.Reason)
}
