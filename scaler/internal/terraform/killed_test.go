package terraform_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/terraform"
)

// killable is a command line whose process can be killed, as the kernel does when
// memory runs out.
func (s *stage) killable() (change func(*terraform.Options), kill func() error) {
	program, pid := filepath.Join(s.dir, "terraform.sh"), filepath.Join(s.dir, "pid")
	s.program(program, "#!/bin/sh\necho $$ >"+pid+"\nexec "+s.path+" \"$@\"\n")
	change = func(o *terraform.Options) {
		p, _ := o.CLI.(terraform.Program)
		p.Path = program
		o.CLI = p
	}
	return change, func() error {
		raw, err := os.ReadFile(pid)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(raw)))
		if err != nil {
			return err
		}
		return syscall.Kill(n, syscall.SIGKILL)
	}
}

var lockID = regexp.MustCompile(`already locked: ID=([-0-9a-f]+)`)

// Terraform is killed while it makes workers. The next run makes what is missing,
// and nothing twice. The error about a lock that a remote backend still has names its
// ID; a person has to release it.
func TestTerraformIsKilled(t *testing.T) {
	t.Parallel() // its stages run beside those of other tests
	for _, remote := range []bool{false, true} {
		t.Run("remote "+strconv.FormatBool(remote), func(t *testing.T) {
			backend := ""
			if remote {
				backend = (&lockable{}).serve(t)
			}
			s := newStage(t, backend)
			change, kill := s.killable()
			a := s.terraform(change)
			add := func() error { return a.Add(t.Context(), s.id, "cpu", 2) }
			s.cloud.Fault(openstacktest.Fault{
				Method: "POST", Path: "/compute/servers", Times: -1, Hang: true,
				Match: func(body string) bool { return strings.Contains(body, "astro-cpu-5") },
			})
			killed := make(chan error)
			go func() {
				s.until("the first of two is made", func() bool { return s.servers()["astro-cpu-4"] != "" })
				killed <- kill()
			}()
			var off actuate.PutOffError
			err := s.round(a, add)
			if !errors.As(err, &off) || !strings.Contains(err.Error(), "apply: signal: killed") {
				t.Errorf("%v", err)
			}
			if err := <-killed; err != nil {
				t.Fatal(err)
			}
			s.cloud.ClearFaults()
			s.expectFile(5)

			if remote {
				a = s.terraform(nil)
				err := s.round(a, func() error { return a.Add(t.Context(), s.id, "cpu", 1) })
				id := lockID.FindStringSubmatch(err.Error())
				if !errors.Is(err, terraform.ErrLocked) || id == nil {
					t.Fatalf("%v", err)
				}
				unlock := exec.CommandContext(t.Context(), s.path, "force-unlock", "-force", id[1])
				unlock.Dir = s.dir
				if out, err := unlock.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			a = s.terraform(nil)
			if err := s.round(a, func() error { return a.Add(t.Context(), s.id, "cpu", 1) }); err != nil {
				t.Error(err)
			}
			s.expectServers("astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-cpu-4", "astro-cpu-5")
			s.expectNoDifference()
		})
	}
}
