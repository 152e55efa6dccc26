package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/bench"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// site is the cloud behind the door, with what servers are made of, by ID; the security
// group is a name, as Nova has it in a server.
type site struct {
	dir                                   string
	door                                  *bench.Door
	env                                   []string // leads clients through the door
	image, flavor, network, securityGroup string
}

// openSite opens a door to the cloud that OS_CLOUD names, or to an embedded one.
func openSite(ctx context.Context, s settings) (_ *site, end func(), err error) {
	var ends []func()
	end = func() {
		for _, f := range slices.Backward(ends) {
			f()
		}
	}
	defer func() {
		if err != nil {
			end()
		}
	}()
	st := &site{}
	if st.dir, err = os.MkdirTemp("", "vmcluster-peers-"); err != nil {
		return nil, nil, fmt.Errorf("make a working directory: %w", err)
	}
	ends = append(ends, func() { _ = os.RemoveAll(st.dir) }) // a temporary folder
	for _, name := range []string{"ours", "peer"} {
		if err := os.Mkdir(filepath.Join(st.dir, name), 0o700); err != nil {
			return nil, nil, fmt.Errorf("make a working directory: %w", err)
		}
	}
	file, cloudName := cmp.Or(os.Getenv("OS_CLIENT_CONFIG_FILE"), findCloudsYAML()), os.Getenv("OS_CLOUD")
	var names map[string]string
	if s.embedded {
		cloud := openstacktest.New(bench.Nova())
		if err := cloud.Start(); err != nil { //nolint:contextcheck // it runs until it is closed
			return nil, nil, err
		}
		ends = append(ends, cloud.Close)
		file, cloudName = filepath.Join(st.dir, "embedded.yaml"), openstacktest.CloudName
		if err := os.WriteFile(file, []byte(cloud.CloudsYAML()), 0o600); err != nil {
			return nil, nil, fmt.Errorf("write clouds.yaml: %w", err)
		}
		names = map[string]string{cloudenv.Image: "debian-13-hpc", cloudenv.Flavor: "m1.small", cloudenv.Network: "private", cloudenv.SecurityGroup: "default"}
	} else if names, err = cloudenv.Read("OS_CLOUD", cloudenv.Image, cloudenv.Flavor, cloudenv.Network, cloudenv.SecurityGroup); err != nil {
		return nil, nil, err
	}
	entry, err := readEntry(file, cloudName)
	if err != nil {
		return nil, nil, err
	}
	if st.door, err = bench.OpenDoor(entry.authURL(), entry.trust); err != nil {
		return nil, nil, err
	}
	ends = append(ends, st.door.Close)
	if err := st.lead(entry); err != nil {
		return nil, nil, err
	}
	return st, end, st.resolve(ctx, names)
}

// lead writes a clouds.yaml that leads through the door, and sets the environment of the
// contestants' clients: nothing but that file tells them of a cloud.
func (st *site) lead(e entry) error {
	path := filepath.Join(st.dir, "clouds.yaml")
	text, err := e.through(st.door.AuthURL())
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o600); err != nil { //nolint:gosec // a file of our own folder
		return fmt.Errorf("write clouds.yaml: %w", err)
	}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "OS_") {
			st.env = append(st.env, name+"=") // an empty one counts as none
		}
	}
	st.env = append(st.env, "OS_CLIENT_CONFIG_FILE="+path, "OS_CLOUD="+entryName)
	return nil
}

// client returns a client of our own that goes through the door.
func (st *site) client(ctx context.Context) (*openstack.Client, error) {
	env := map[string]string{}
	for _, variable := range st.env {
		name, value, _ := strings.Cut(variable, "=")
		env[name] = value
	}
	return openstack.New(ctx, openstack.Config{Getenv: func(name string) string { return env[name] }})
}

// login is client for the bare API.
func (st *site) login(ctx context.Context) (bench.Cloud, error) { return st.client(ctx) }

// resolve looks up what the variables name.
func (st *site) resolve(ctx context.Context, names map[string]string) error {
	c, err := st.client(ctx)
	if err != nil {
		return err
	}
	image, err := c.ResolveImage(ctx, names[cloudenv.Image])
	if err != nil {
		return err
	}
	flavor, err := c.ResolveFlavor(ctx, names[cloudenv.Flavor])
	if err != nil {
		return err
	}
	network, err := c.ResolveNetwork(ctx, names[cloudenv.Network])
	if err != nil {
		return err
	}
	st.image, st.flavor, st.network, st.securityGroup = image.ID, flavor.ID, network.ID, names[cloudenv.SecurityGroup]
	return nil
}

// findCloudsYAML returns the first clouds.yaml in the usual places, or the last place.
func findCloudsYAML() string {
	home, _ := os.UserHomeDir() // without one, the other places stay
	places := []string{"clouds.yaml", filepath.Join(home, ".config", "openstack", "clouds.yaml"), "/etc/openstack/clouds.yaml"}
	for _, path := range places {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return places[len(places)-1]
}
