package classad

import "fmt"

// Bounds of an expression. An ad is written by any user of the pool.
const (
	MaxText  = 64 << 10 // bytes of an expression
	MaxName  = 100      // characters of an attribute's name
	MaxNames = 500      // different names in an expression, and in what it refers to
	maxNodes = 10_000   // operands and operators of an expression
	maxNest  = 200      // parentheses and conditionals inside each other
)

// Bounds of an evaluation beside its budget.
const (
	maxLevel      = maxNodes // nodes that are evaluated inside each other, and so the use of the stack
	maxDepth      = 100      // attributes that refer to each other
	maxString     = 64 << 10 // bytes of a text that a function returns
	maxPattern    = 1000     // bytes of a regular expression
	maxProgram    = 2000     // instructions of a compiled one
	maxDelimiters = 32       // bytes of the delimiters of a list
)

// LimitError is the error of an expression that exceeds a bound. Its value is not
// known, in contrast to that of an expression whose value is an error in HTCondor.
type LimitError struct{ What string }

func (e *LimitError) Error() string { return e.What }

func exceeds(format string, args ...any) *LimitError {
	return &LimitError{fmt.Sprintf(format, args...)}
}

// Budget is what an evaluation may take. A step is the evaluation of one operand or
// operator, or work on 16 bytes of text.
type Budget struct {
	Steps int
	Bytes int // of texts that functions return
}

// Usual is the budget of one ad against one machine. The requirements that submit
// files give rise to take some 100 steps.
var Usual = Budget{Steps: 20_000, Bytes: 1 << 20}

// bytesAStep is the amount of text that counts as one step.
const bytesAStep = 16

// meter counts what an evaluation takes.
type meter struct {
	budget   Budget
	steps    int
	bytes    int
	level    int         // of nodes
	depth    int         // of attributes
	exceeded *LimitError // the evaluation has come to its end
}

// exceed ends the evaluation. All that follows returns the same error.
func (m *meter) exceed(e *LimitError) error {
	if m.exceeded == nil {
		m.exceeded = e
	}
	return m.exceeded
}

// take counts steps.
func (m *meter) take(steps int) error {
	if m.exceeded != nil {
		return m.exceeded
	}
	if m.steps += steps; m.steps > m.budget.Steps {
		return m.exceed(exceeds("its evaluation takes more than %d steps", m.budget.Steps))
	}
	return nil
}

// read counts the work on a text.
func (m *meter) read(length int) error { return m.take(length / bytesAStep) }

// write counts a text that a function returns.
func (m *meter) write(length int) error {
	if length > maxString {
		return m.exceed(exceeds("it makes a text of more than %d bytes", maxString))
	}
	if m.bytes += length; m.bytes > m.budget.Bytes {
		return m.exceed(exceeds("it makes texts of more than %d bytes", m.budget.Bytes))
	}
	return m.read(length)
}
