package rule

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// text is a rule for a text that is known and not null.
type text struct {
	must    string             // be or have, for the documentation
	summary string             // of a diagnostic; "" is made of the attribute's name
	check   func(string) error // its error is the reason, without the value
}

func (r text) Description(context.Context) string             { return r.must }
func (r text) MarkdownDescription(ctx context.Context) string { return r.Description(ctx) }

// ValidateString applies the rule.
func (r text) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := r.check(req.ConfigValue.ValueString()); err != nil {
		summary := r.summary
		if summary == "" {
			summary = invalid(req.Path)
		}
		resp.Diagnostics.AddAttributeError(req.Path, summary, strings.TrimSuffix(err.Error(), ".")+".")
	}
}

// invalid returns the summary for a wrong value of the attribute that a path is in.
func invalid(at path.Path) string {
	steps := at.Steps()
	for _, step := range slices.Backward(steps) {
		if name, ok := step.(path.PathStepAttributeName); ok {
			return "Invalid " + string(name)
		}
	}
	return "Invalid value"
}

// Text applies a rule of the domain. must says what the text has to be, summary what a
// wrong one is called ("" is made of the attribute's name).
func Text(must, summary string, check func(string) error) validator.String {
	return text{must, summary, check}
}

// NotEmpty requires a text of at least one character.
func NotEmpty() validator.String {
	return text{"must not be empty", "", func(s string) error {
		if s == "" {
			return errors.New("must not be empty")
		}
		return nil
	}}
}

// OneOf requires one of the values.
func OneOf(values ...string) validator.String {
	quoted := make([]string, 0, len(values))
	for _, v := range values {
		quoted = append(quoted, strconv.Quote(v))
	}
	must := "must be " + quoted[len(quoted)-1]
	if n := len(quoted) - 1; n > 0 {
		must = "must be " + strings.Join(quoted[:n], ", ") + " or " + quoted[n]
	}
	return text{must, "", func(s string) error {
		if !slices.Contains(values, s) {
			return errors.New(must)
		}
		return nil
	}}
}

// Matches requires a match of the expression; must says what that means.
func Matches(expression *regexp.Regexp, must string) validator.String {
	return text{must, "", func(s string) error {
		if !expression.MatchString(s) {
			return errors.New(must)
		}
		return nil
	}}
}

// AtMost requires a text of at most so many characters.
func AtMost(characters int) validator.String {
	return text{fmt.Sprintf("must have at most %d characters", characters), "", func(s string) error {
		if n := utf8.RuneCountInString(s); n > characters {
			return fmt.Errorf("has %d characters, at most %d are possible", n, characters)
		}
		return nil
	}}
}
