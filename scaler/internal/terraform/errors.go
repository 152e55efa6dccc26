package terraform

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// What can keep a wish from being carried out. It stays in the variables file,
// and is tried again while it is needed.
var (
	// ErrLocked says that another run holds the state's lock.
	ErrLocked = errors.New("the state is locked by another run")
	// ErrRefused says that the plan would do what no wish asks for.
	ErrRefused = errors.New("the plan is not what was asked for, and is not applied")
	// ErrIgnored says that the configuration does not follow the variables file.
	ErrIgnored = errors.New("the plan does not follow the variables file")
	// ErrShort says that an apply ended with less than was asked for.
	ErrShort = errors.New("the apply is through, and not all is as asked for")
	// ErrNotReady says that the directory has not been initialised.
	ErrNotReady = errors.New("the directory has to be initialised first (init)")
	// errOvertaken says that somebody else's apply came in between, and that it is
	// worth another look at once.
	errOvertaken = errors.New("another run came in between")
	// ErrNotOurs says that the group's number is no count in Terraform's configuration.
	ErrNotOurs = errors.New(`the group has "scaling" in Terraform's configuration: with actuator "terraform" it needs a count that follows the variables file`)
)

// sortError gives a failure of the command line its type. Both Terraform and
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

// killed tells that the program did not end by itself.
func killed(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && !exit.Exited()
}

// lockText picks what tells who holds the lock, without the advice after it.
func lockText(words string) string {
	_, words, _ = strings.Cut(brief(words), "Error acquiring the state lock")
	words, _, _ = strings.Cut(words, " Terraform acquires a state lock")
	words, _, _ = strings.Cut(words, " OpenTofu acquires a state lock")
	return strings.TrimSpace(words)
}

// shortened prints an error on one line; what it wraps is left as it is.
type shortened struct{ error }

func (s shortened) Error() string { return brief(s.error.Error()) }
func (s shortened) Unwrap() error { return s.error }

// kindOfWarnings returns the kind of fault that the first lines speak of: what the
// cloud said comes before advice, which may name other things to look at.
func kindOfWarnings(warnings string) cluster.FaultKind {
	text := ""
	for line := range strings.Lines(warnings) {
		text += " " + strings.TrimSpace(line)
		if kind := cluster.FaultOfWords(text); kind != cluster.FaultOther {
			return kind
		}
	}
	return cluster.FaultOther
}

const longestText = 600

// brief puts boxed, many-lined output on one line.
func brief(words string) string {
	clean := strings.Map(func(r rune) rune {
		if strings.ContainsRune("│╷╵", r) {
			return ' '
		}
		return r
	}, words)
	text := strings.Join(strings.Fields(clean), " ")
	if len(text) > longestText {
		text = strings.ToValidUTF8(text[:longestText], "") + " …"
	}
	return text
}
