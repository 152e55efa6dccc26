//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// TestHostile is a cluster in which root on one worker, an ordinary user and a careless
// operator do what they can. Nothing here waits for a worker to join, because one of
// them does not answer.
func TestHostile(t *testing.T) {
	s := begin(t, "siege")
	s.tell(t, []chapter{
		{"create a front-end and two workers", func(t *testing.T) {
			s.want.workers = 2
			s.create(t)
			s.want.cluster = `wait_for = "active"`
			s.hasBundle(t, "siege-cpu-1", "siege-cpu-1", "siege-cpu-2")
			s.hasBundle(t, "siege-cpu-2", "siege-cpu-1", "siege-cpu-2")
			s.pool(t, "siege-cpu-1", "siege-cpu-2")
		}},
		{"the coordinator has few rights", s.coordinatorIsConfined},
		{"the coordinator's key is good from the front-end only", s.keyHasSource},
		{"root on a worker speaks for itself alone", s.forgesAds},
		{"root on a worker answers anything", s.answersAnything},
		{"a user makes a home useless", s.uselessHomes},
		{"the metadata address is closed again", s.closedAgain},
		{"destroy", s.destroy},
	})
}

// attack is a program in the place of the node program: it answers each request of the
// coordinator in another way, and counts them.
const attack = `#!/bin/sh
n=$(cat /run/attacks 2>/dev/null || echo 0)
echo $((n + 1)) >/run/attacks
case $((n % 7)) in
0) printf '{"ok":false,"error":"stale","generation":[%s,1]}' "$(head -c 4300 /dev/zero | tr '\0' 9)" ;;
1) echo '{"ok":false,"error":"\ud800"}' ;;
2) yes ;;
3) yes >&2 ;;
4) printf '{"ok":true,"retired":false,"home":"","user_key":"ssh-rsa AAAA'; head -c 20971520 /dev/zero | tr '\0' A; printf '"}' ;;
5) head -c 60000 /dev/zero | tr '\0' '[' ;;
6) echo '{"ok":false,"error":"stale","generation":[9007199254740991,1]}' ;;
esac
`

const attacks = 7

// forgesAds has root on siege-cpu-1 send ads in the name of siege-cpu-2, with the token
// of its own node, and a user write into a job's ad that it runs there.
func (s *story) forgesAds(t *testing.T) {
	domain := s.fe.must(t, "condor_config_val UID_DOMAIN")
	list := func() string {
		return s.fe.must(t, `condor_status -any -constraint 'MyType != "Accounting" && MyType != "Submitter"' -af MyType Name AuthenticatedIdentity NovaInstanceUUID | sort`)
	}
	before := list()
	for _, name := range []string{"siege-cpu-1", "siege-cpu-2"} {
		if !strings.Contains(before, "Machine slot1@"+name+"."+domain+" worker."+name+".") || !strings.Contains(before, "DaemonMaster "+name+"."+domain+" worker."+name+".") {
			t.Fatalf("the ads of %s are not under its own identity:\n%s", name, before)
		}
	}
	bad := s.operatorOn(t, "siege-cpu-1")
	for _, ad := range []struct{ command, name, machine string }{
		{"UPDATE_STARTD_AD", `"slot1@siege-cpu-2.` + domain + `"`, `"siege-cpu-2.` + domain + `"`},
		{"UPDATE_STARTD_AD", `"slot1@siege-cpu-2.` + domain + `"`, `"siege-cpu-1.` + domain + `"`},
		{"UPDATE_STARTD_AD", `ifThenElse(isUndefined(LastHeardFrom), "slot9@siege-cpu-1.` + domain + `", "slot1@siege-cpu-2.` + domain + `")`, `"siege-cpu-1.` + domain + `"`},
		{"UPDATE_MASTER_AD", `"siege-cpu-2.` + domain + `"`, `"siege-cpu-2.` + domain + `"`},
	} {
		bad.must(t, fmt.Sprintf("printf 'MyType = \"Machine\"\nName = %%s\nMachine = %%s\nMyAddress = \"<192.0.2.9:9618>\"\nNovaInstanceUUID = \"forged\"\nCpus = 100000\n' '%s' '%s' | sudo -n condor_advertise %s - || true",
			ad.name, ad.machine, ad.command))
		if after := list(); after != before {
			t.Errorf("%s of %s: the collector lists\n%s\nin place of\n%s", ad.command, ad.name, after, before)
		}
	}
	out, _, err := s.fe.run(t.Context(), `printf 'executable = /bin/true\n+RemoteHost = "slot1_1@siege-cpu-2.`+domain+`"\nqueue\n' | condor_submit -terse -`)
	if err == nil {
		t.Errorf("a job that says where it runs is taken: %s", out)
	}
}

// answersAnything has siege-cpu-1 answer with each attack while the cluster grows by a worker.
func (s *story) answersAnything(t *testing.T) {
	bad := s.operatorOn(t, "siege-cpu-1")
	bad.must(t, "sudo -n cp /usr/local/sbin/vmcluster-node /root/kept && sudo -n rm -f /run/attacks\n"+
		"cat >/tmp/attack <<'X'\n"+attack+"X\nsudo -n install -m 755 /tmp/attack /usr/local/sbin/vmcluster-node")
	s.want.workers = 3
	s.apply(t)
	for _, name := range []string{"siege-cpu-2", "siege-cpu-3"} {
		s.hasBundle(t, name, "siege-cpu-1", "siege-cpu-2", "siege-cpu-3")
	}
	s.pool(t, "siege-cpu-1", "siege-cpu-2", "siege-cpu-3")
	front := s.operatorOn(t, s.frontEnd())
	restarted := false
	eventually(t, "each attack was tried", 10*time.Minute, func() (string, bool) {
		out, _, err := bad.run(t.Context(), "cat /run/attacks 2>/dev/null || echo 0")
		n, _ := strconv.Atoi(out)
		if err == nil && n >= 3 && !restarted { // what was taken up must not harm a new start; pauses begin anew
			restarted = true
			front.must(t, "sudo -n systemctl restart vmcluster-coordinator")
		}
		return out, err == nil && n >= attacks
	})
	s.coordinatorIsUp(t)
	s.wellFormed(t)
	bad.must(t, "sudo -n install -m 755 /root/kept /usr/local/sbin/vmcluster-node")
	s.hasBundle(t, "siege-cpu-1", "siege-cpu-1", "siege-cpu-2", "siege-cpu-3")
	s.trusts(t, "siege-cpu-1", "siege-cpu-2", "siege-cpu-3")
}

// uselessHomes has the login user put a file and a FIFO where the node program writes. A
// new CA reaches both workers, and the one with the FIFO leaves.
func (s *story) uselessHomes(t *testing.T) {
	s.operatorOn(t, "siege-cpu-1").must(t, "sudo -n -u "+s.name+" sh -c 'cd && mv .ssh kept && echo x >.ssh'")
	s.operatorOn(t, "siege-cpu-2").must(t, "sudo -n -u "+s.name+" sh -c 'cd && mv .ssh/authorized_keys kept && mkfifo .ssh/authorized_keys'")
	ca, err := trust.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	key, err := ca.PrivatePEM()
	if err != nil {
		t.Fatal(err)
	}
	s.cli.Env = append(s.cli.Env, "TF_VAR_ca_key="+key)
	s.want.caVersion = 2
	s.apply(t)
	blob := strings.Fields(ca.Public())[1]
	for _, name := range []string{"siege-cpu-1", "siege-cpu-2", "siege-cpu-3"} {
		h := s.operatorOn(t, name)
		eventually(t, name+" trusts the new CA", 5*time.Minute, func() (string, bool) {
			out, _, err := h.run(t.Context(), "sudo -n cat /var/lib/vmcluster/.ssh/authorized_keys")
			return out, err == nil && strings.Contains(out, blob)
		})
	}
	front := s.operatorOn(t, s.frontEnd())
	eventually(t, "both homes are named", 3*time.Minute, func() (string, bool) {
		out, _, err := front.run(t.Context(), "sudo -n journalctl -u vmcluster-coordinator -o cat | grep 'the home of' | tail -1")
		return out, err == nil && strings.Contains(out, "siege-cpu-1: the home of") && strings.Contains(out, "siege-cpu-2: the home of")
	})
	s.want.workers, s.want.retire = 2, []string{"siege-cpu-2"}
	s.apply(t)
	s.pool(t, "siege-cpu-1", "siege-cpu-3")
	s.operatorOn(t, "siege-cpu-1").must(t, "sudo -n -u "+s.name+" sh -c 'cd && rm .ssh && mv kept .ssh'")
	eventually(t, "the home that is well again gets its keys", 8*time.Minute, func() (string, bool) {
		out, _, err := s.fe.run(t.Context(), "ssh -o BatchMode=yes siege-cpu-1 hostname </dev/null && ! ssh -o BatchMode=yes siege-cpu-1 grep -c siege-cpu-2 /etc/hosts </dev/null")
		return out, err == nil
	})
	s.trusts(t, "siege-cpu-1", "siege-cpu-3")
	s.coordinatorIsUp(t)
}

// closedAgain flushes a worker's packet filter, and then tries the metadata service as a
// user, and as a container that is root in a network of its own.
func (s *story) closedAgain(t *testing.T) {
	h := s.operatorOn(t, "siege-cpu-1")
	h.must(t, "sudo -n nft flush ruleset")
	const try = `curl -s -m 5 -o /dev/null http://169.254.169.254/openstack/latest/meta_data.json; echo $?`
	eventually(t, "users can't read the metadata service again", time.Minute, func() (string, bool) {
		out, _, err := h.run(t.Context(), "sudo -n -u "+s.name+" sh -c '"+try+"'")
		return out, err == nil && out == "7"
	})
	out := h.must(t, `sudo -n sh -c '
ip netns add box && ip link add box0 type veth peer name eth0 netns box
ip addr add 192.0.2.1/24 dev box0 && ip link set box0 up && echo 1 >/proc/sys/net/ipv4/ip_forward
ip -n box addr add 192.0.2.2/24 dev eth0 && ip -n box link set eth0 up && ip -n box route add default via 192.0.2.1
ip netns exec box `+try+`
ip netns del box'`)
	if out != "7" {
		t.Errorf("a container's request to the metadata service: curl exits with %s, want 7 (refused)", out)
	}
	if out := h.must(t, "sudo -n sh -c '"+try+"'"); out != "0" {
		t.Errorf("root's request to the metadata service: curl exits with %s, want 0", out)
	}
}

// ---- what every chapter may ask

// operatorOn reaches a node by name.
func (s *story) operatorOn(t *testing.T, name string) host {
	t.Helper()
	n, there := s.servers(t).ByName(name)
	if !there {
		t.Fatalf("%s has no server", name)
	}
	return s.asOperatorOnce(n)
}

// hasBundle waits until a worker knows exactly these workers, by name and by host key.
func (s *story) hasBundle(t *testing.T, on string, workers ...string) {
	t.Helper()
	h := s.operatorOn(t, on)
	want := strings.Join(append([]string{s.frontEnd()}, workers...), " ")
	eventually(t, on+" knows "+want, 15*time.Minute, func() (string, bool) {
		out, _, err := h.run(t.Context(), `for f in /etc/hosts /etc/ssh/ssh_known_hosts; do
  sed -n '/^# BEGIN vmcluster/,/^# END vmcluster/p' $f | tr ', ' '\n\n' | grep -x '`+s.name+`-[a-z0-9-]*' | sort -u | xargs
done`)
		names := strings.Fields(want)
		slices.Sort(names)
		return out, err == nil && out == strings.Join(names, " ")+"\n"+strings.Join(names, " ")
	})
}

// coordinatorIsUp expects that systemd has not had to start the coordinator again.
func (s *story) coordinatorIsUp(t *testing.T) {
	t.Helper()
	out := s.operatorOn(t, s.frontEnd()).must(t, "systemctl show vmcluster-coordinator -P ActiveState -P NRestarts | xargs; systemctl show vmcluster-coordinator -P MemoryPeak -P MemoryCurrent | xargs")
	t.Logf("coordinator: state, restarts; memory, peak and now: %s", out)
	if !strings.HasPrefix(out, "active 0") && !strings.HasPrefix(out, "0 active") {
		t.Errorf("the coordinator is %q, want active and never started again by systemd", out)
	}
}

// coordinatorIsConfined expects of systemd's own judgement no more than the unit's test does.
func (s *story) coordinatorIsConfined(t *testing.T) {
	out := s.operatorOn(t, s.frontEnd()).must(t, "systemd-analyze security --no-pager vmcluster-coordinator.service | tail -1")
	t.Log(out)
	for _, word := range strings.Fields(out) {
		if level, err := strconv.ParseFloat(word, 64); err == nil {
			if level > 3.5 {
				t.Errorf("the coordinator's exposure is %s", word)
			}
			return
		}
	}
	t.Errorf("systemd-analyze gives no level: %s", out)
}

// keyHasSource expects the front-end's address on the line of the coordinator's key.
func (s *story) keyHasSource(t *testing.T) {
	front, there := s.servers(t).ByName(s.frontEnd())
	if !there {
		t.Fatal("there is no front-end")
	}
	hosts := s.fe.must(t, "getent hosts "+front.Name+" | cut -d' ' -f1")
	out := s.operatorOn(t, "siege-cpu-2").must(t, "sudo -n grep -v ^cert-authority /var/lib/vmcluster/.ssh/authorized_keys")
	if !strings.HasPrefix(out, "from=") || !strings.Contains(strings.SplitN(out, " ", 2)[0], hosts) {
		t.Errorf("the coordinator's line is %q, want it good from %s", out, hosts)
	}
}

// wellFormed expects of every node that its files hold lines of the known forms only.
func (s *story) wellFormed(t *testing.T) {
	t.Helper()
	for _, n := range s.servers(t) {
		if n.Role == cluster.RoleWorker && n.Name == "siege-cpu-1" {
			continue // the attacker's
		}
		out := s.asOperatorOnce(n).must(t, fmt.Sprintf(`sudo -n sh -c '
sed -n "/^# BEGIN vmcluster/,/^# END vmcluster/p" /etc/hosts | grep -vE "^(# (BEGIN|END) vmcluster .*|[0-9a-f.:]+ [a-z0-9.-]+ [a-z0-9-]+)$"
sed -n "/^# BEGIN vmcluster/,/^# END vmcluster/p" ~%[1]s/.ssh/authorized_keys | grep -vE "^(# (BEGIN|END) vmcluster .*|(ssh|ecdsa|sk)-[^ ]+ AAAA[^ ]{1,16384}( .*)?)$"
true'`, s.name))
		if out != "" {
			t.Errorf("%s: lines that are not well-formed:\n%.2000s", n.Name, out)
		}
	}
}
