// Package option describes the options of the scaler's configuration file: the name of
// each, its allowed values, and the field that it sets.
package option

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/zclconf/go-cty/cty"
)

// Option is one attribute of a block.
type Option struct {
	Name     string
	Default  string // in the form of the file; "" leaves the option unset
	Required bool
	Allowed  string // the allowed values, for people
	Type     cty.Type
	Set      func(v cty.Value) error // takes a value of that type, or refuses it
}

// Text returns an option that is text. An empty one is refused unless it is the
// default; check may refuse others.
func Text(name, written string, to *string, check func(string) error) Option {
	return Option{Name: name, Default: written, Type: cty.String, Set: func(v cty.Value) error {
		s := v.AsString()
		if s == "" && written == "" {
			return fmt.Errorf("it is empty; leave it out instead")
		}
		if check != nil {
			if err := check(s); err != nil {
				return err
			}
		}
		*to = s
		return nil
	}}
}

// OneOf returns an option that is one of a few words.
func OneOf(name, written string, allowed []string, to *string) Option {
	list := strings.Join(allowed, ", ")
	o := Text(name, written, to, func(s string) error {
		if !slices.Contains(allowed, s) {
			return fmt.Errorf("%q is none of %s", s, list)
		}
		return nil
	})
	o.Allowed = list
	return o
}

// OneWord is a check for Text: a name that no program takes for an option of its own.
func OneWord(s string) error {
	if s == "" {
		return fmt.Errorf("it is empty")
	}
	if strings.HasPrefix(s, "-") || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return fmt.Errorf("%q is not a name: a name begins with no hyphen and holds no space", s)
	}
	return nil
}

// Texts returns an option that is a list of text.
func Texts(name string, to *[]string) Option {
	return Option{Name: name, Type: cty.List(cty.String), Set: func(v cty.Value) error {
		*to = nil
		for _, e := range v.AsValueSlice() {
			if e.IsNull() {
				return fmt.Errorf("an element is null")
			}
			*to = append(*to, e.AsString())
		}
		return nil
	}}
}

// Words returns an option that is a list of text; check may refuse elements.
func Words(name string, to *[]string, check func(string) error) Option {
	o := Texts(name, to)
	take := o.Set
	o.Set = func(v cty.Value) error {
		if err := take(v); err != nil {
			return err
		}
		for _, s := range *to {
			if err := check(s); err != nil {
				return err
			}
		}
		return nil
	}
	return o
}

// Boolean returns an option that is true or false.
func Boolean(name, written string, to *bool) Option {
	return Option{Name: name, Default: written, Allowed: "true, false", Type: cty.Bool, Set: func(v cty.Value) error {
		*to = v.True()
		return nil
	}}
}

// Number returns an option that is a whole number within bounds.
func Number(name, written string, least, most int, to *int) Option {
	within := fmt.Sprintf("%d to %d", least, most)
	return Option{Name: name, Default: written, Allowed: within, Type: cty.Number, Set: func(v cty.Value) error {
		f := v.AsBigFloat()
		n, accuracy := f.Int64()
		if accuracy != 0 || n < int64(least) || n > int64(most) {
			return fmt.Errorf("%s is not a whole number from %s", f.Text('f', -1), within)
		}
		*to = int(n)
		return nil
	}}
}

// Price returns an option that is a price: 0 or more, with a fraction.
func Price(name string, to *float64) Option {
	const most = 1_000_000
	within := fmt.Sprintf("0 to %d", most)
	return Option{Name: name, Allowed: within, Type: cty.Number, Set: func(v cty.Value) error {
		f, _ := v.AsBigFloat().Float64()
		if !(f >= 0 && f <= most) {
			return fmt.Errorf("%s is not a price from %s", v.AsBigFloat().Text('f', -1), within)
		}
		*to = f
		return nil
	}}
}

// Duration returns an option that is a duration within bounds.
func Duration(name, written string, least, most time.Duration, to *time.Duration) Option {
	within := fmt.Sprintf("%s to %s", unit(least), unit(most))
	return Option{Name: name, Default: written, Allowed: within, Type: cty.String, Set: func(v cty.Value) error {
		d, err := time.ParseDuration(v.AsString())
		if err != nil {
			return fmt.Errorf("%q is not a duration; write a number with its unit, as in \"90s\", \"5m\" or \"1h30m\"", v.AsString())
		}
		if d < least || d > most {
			return fmt.Errorf("%s is out of range: %s", unit(d), within)
		}
		*to = d
		return nil
	}}
}

// unit returns a duration in the form of the file: "24h", not "24h0m0s".
func unit(d time.Duration) string {
	for _, u := range []struct {
		size time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if d >= u.size && d%u.size == 0 {
			return strconv.FormatInt(int64(d/u.size), 10) + u.name
		}
	}
	return d.String()
}
