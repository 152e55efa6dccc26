package terraform

import (
	"errors"
	"strings"
	"testing"
)

// What Terraform 1.11.4 and OpenTofu 1.11 print on standard error.
func TestErrorsHaveTypes(t *testing.T) {
	const locked = "exit status 1\n\nError: Error acquiring the state lock\n\nError message: HTTP remote state already locked:\nID=9db590f1-b6fe-c5f2-2678-8804f089deba\nLock Info:\n  ID:        a6b8ca7d-81e8-2631-ab80-b56c47ffbdee\n  Who:       ada@desk\n\n"
	for _, row := range []struct {
		name, words string
		want        error
		says, never string
	}{
		{"the lock, Terraform", locked + "Terraform acquires a state lock to protect the state from being written\nby multiple users", ErrLocked, "ID=9db590f1", "acquires"},
		{"the lock, OpenTofu", locked + "OpenTofu acquires a state lock to protect the state from being written\nby multiple users", ErrLocked, "Who: ada@desk", "acquires"},
		{"no init", "exit status 1\n\nError: Required plugins are not installed\n\nThe installed provider plugins are not consistent", ErrNotReady, "plan: the directory has to be initialised first", "\n"},
		{"another", "exit status 1\n╷\n│ Error: Invalid expression\n│ \n│   on main.tf line 3\n╵\n", nil, "plan: exit status 1 Error: Invalid expression on main.tf line 3", "│"},
	} {
		err := sortError("plan", errors.New(row.words))
		if row.want != nil && !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), row.never) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	if sortError("plan", nil) != nil {
		t.Error("an error of nothing")
	}
}
