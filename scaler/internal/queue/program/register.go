package program

import (
	"errors"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/adapter"
)

func init() {
	adapter.Register(adapter.Adapter{Traits: traits(nil), Judge: judge, Settings: func() adapter.Settings { return &settings{} }, AnyCluster: true})
}

// Name is the adapter's name, as the configuration writes it.
const Name = "program"

// traits returns what is known of the batch system if the program says nothing of it.
func traits(actions []string) queue.Traits {
	return queue.Traits{
		System: Name, MatchSeconds: 60, Actions: actions,
		Attributes: queue.AttributeTraits{Personal: []string{}, Lasting: []string{}, Passing: []string{}, PassingPrefixes: []string{}},
	}
}

// judge takes all requirements as met: the scaler does not know the program's language.
func judge(*queue.Requirement, queue.Attributes, queue.Shape, int) queue.Judgement {
	return queue.Judgement{NotJudged: `queue "program" judges no clauses; group names the worker group of the jobs`, Steps: 1}
}

// settings are what a queue block says of a program.
type settings struct {
	command []string
	actions []string
}

var allActions = []string{queue.ActionDrain, queue.ActionUndrain, queue.ActionForget}

// Options implements adapter.Settings.
func (s *settings) Options() []option.Option {
	words := option.Texts("command", &s.command)
	words.Required = true
	take := words.Set
	words.Set = func(v cty.Value) error {
		if err := take(v); err != nil {
			return err
		}
		if len(s.command) == 0 || s.command[0] == "" {
			return errors.New("it is empty; write the path of the program, then its first arguments")
		}
		return nil
	}
	actions := option.Words("actions", &s.actions, func(a string) error {
		if !slices.Contains(allActions, a) {
			return fmt.Errorf("%q is none of drain, undrain, forget", a)
		}
		return nil
	})
	actions.Allowed = "list of drain, undrain, forget"
	return []option.Option{words, actions}
}

// Problem implements adapter.Settings.
func (s *settings) Problem() adapter.Problem {
	if slices.Contains(s.actions, queue.ActionDrain) == slices.Contains(s.actions, queue.ActionUndrain) {
		return adapter.Problem{}
	}
	return adapter.Problem{
		Summary: "Incomplete actions",
		Detail:  "actions has one of drain and undrain; write both, because a worker that was asked to leave is called back when jobs come, or write neither.",
	}
}

// Local implements adapter.Tooled.
func (s *settings) Local() adapter.Local {
	return adapter.Local{Programs: s.command[:min(1, len(s.command))], Correct: "command"}
}

// Reader implements adapter.Settings.
func (s *settings) Reader(run command.Runner) queue.Reader {
	return New(Options{Command: s.command, Actions: s.actions, Runner: run})
}
