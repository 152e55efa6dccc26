package terraform

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// The errors that keep a wish from being carried out. The wish stays in the variables
// file, and is tried again while it is needed.
var (
	// ErrLocked: another run holds the state's lock.
	ErrLocked = errors.New("the state is locked by another run")
	// ErrRefused: the plan would make a change that is in no wish.
	ErrRefused = errors.New("the plan is not what was asked for, and is not applied")
	// ErrIgnored: the configuration does not follow the variables file.
	ErrIgnored = errors.New("the plan does not follow the variables file")
	// ErrShort: an apply ended with less than the wish.
	ErrShort = errors.New("the apply has ended with less than was asked for")
	// ErrNotReady: the directory has not been initialised.
	ErrNotReady = errors.New("the directory has to be initialised first (init)")
	// errOvertaken: another apply came in between, so the next attempt may begin at
	// once.
	errOvertaken = errors.New("another run came in between")
	// errRunGoing: what the current run may have made is left alone until it is over.
	errRunGoing = errors.New("a run is going that may have made it")
	// ErrNotOurs: the group's number is no count in Terraform's configuration.
	ErrNotOurs = errors.New(`the group has "scaling" in Terraform's configuration: with actuator "terraform" it needs a count that follows the variables file`)
)

// sortError returns a failure of the command line with its type. Both Terraform and
// OpenTofu write these words.
func sortError(step string, err error) error {
	if err == nil {
		return nil
	}
	words := err.Error()
	switch {
	case strings.Contains(words, "Error acquiring the state lock"):
		return fmt.Errorf("%s: %w: %s", step, ErrLocked, lockText(words))
	case strings.Contains(words, "Required plugins are not installed"), strings.Contains(words, "Backend initialization required"),
		strings.Contains(words, "Module not installed"), strings.Contains(words, "Inconsistent dependency lock file"):
		return fmt.Errorf("%s: %w: %s", step, ErrNotReady, brief(words))
	case strings.Contains(words, "Saved plan is stale"):
		return fmt.Errorf("%s: %w: %w", step, errOvertaken, shortened{err})
	}
	return fmt.Errorf("%s: %w", step, shortened{err})
}

// killed reports whether a signal has ended the program.
func killed(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && !exit.Exited()
}

// lockText returns the lines about the holder of the lock, without the advice after
// them.
func lockText(words string) string {
	_, words, _ = strings.Cut(brief(words), "Error acquiring the state lock")
	words, _, _ = strings.Cut(words, " Terraform acquires a state lock")
	words, _, _ = strings.Cut(words, " OpenTofu acquires a state lock")
	return strings.TrimSpace(words)
}

// shortened is an error with a text of one line; it wraps the original.
type shortened struct{ error }

func (s shortened) Error() string { return brief(s.error.Error()) }
func (s shortened) Unwrap() error { return s.error }

// kindOfWarnings returns the kind of fault in the first lines. The cloud's words come
// before the advice, which may name other kinds.
func kindOfWarnings(warnings string) cluster.FaultKind {
	words := ""
	for line := range strings.Lines(warnings) {
		words += " " + strings.TrimSpace(line)
		if kind := cluster.FaultOfWords(words); kind != cluster.FaultOther {
			return kind
		}
	}
	return cluster.FaultOther
}

const longestText = 600

// brief returns boxed output of several lines as one line.
func brief(words string) string {
	clean := strings.Map(func(r rune) rune {
		if strings.ContainsRune("│╷╵", r) {
			return ' '
		}
		return r
	}, words)
	return text.Line(clean, longestText)
}
