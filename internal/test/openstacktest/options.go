package openstacktest

import "time"

// Options are the behavior of a cloud. The zero value is a fast cloud with the
// default flavors, images and networks, without quotas.
type Options struct {
	Addr string // listen address; "" is a free port of 127.0.0.1

	Latency       time.Duration // every call takes this long
	BuildDelay    time.Duration // create to ACTIVE
	AddressDelay  time.Duration // create to the address being shown; 0 is half of BuildDelay
	DeleteDelay   time.Duration // DELETE to 404
	DetachDelay   time.Duration // a server's end to its volumes being available
	DeletedShown  time.Duration // how long lists still show a server that is gone, as DELETED
	TokenTTL      time.Duration // life of a token; 0 is an hour
	MetadataCache time.Duration // how long the metadata service keeps an answer (a real one: 15 s)

	Pace Pace // of a Nova under load

	MetadataWorkers int  // metadata services with a cache each; 0 is 1
	MaxLimit        int  // servers a page; 0 is 1000
	LateQuota       bool // the quota check comes after the 202: ERROR with a fault of code 413
	HideFloating    bool // servers never show their floating addresses

	Zones        []Zone // availability zones; nil is "nova" with three hypervisors
	BlockStorage bool   // there is a block-storage service: servers may boot from volumes

	Quota    Quota
	Flavors  []Flavor  // nil is DefaultFlavors
	Images   []Image   // nil is DefaultImages
	Networks []Network // nil is DefaultNetworks
	KeyPairs []KeyPair // nil is DefaultKeyPairs
	// SecurityGroups are names; a name given twice makes two groups. nil is
	// "default" and "open".
	SecurityGroups []string

	// OnCall runs before the n-th call (from 1) is carried out, outside the
	// cloud's lock: a test can end the client there. The path is normalised, as
	// in Calls.
	OnCall func(n int, method, path string)
}

// Quota limits the project. Zero is unlimited.
type Quota struct {
	Instances, Cores, RAM, Ports, FloatingIPs int
	Volumes, Gigabytes                        int
	ServerGroups, ServerGroupMembers          int
	MetadataItems                             int // told, and refused beyond; zero is 128
}

// Flavor is a size of servers. Disk is in GiB, RAM in MiB.
type Flavor struct {
	ID, Name         string
	VCPUs, RAM, Disk int
}

// Image is an image. MinDisk is in GiB, MinRAM in MiB.
type Image struct {
	ID, Name        string
	Status          string // "" is active
	MinDisk, MinRAM int
}

// Network is a network with one subnet.
type Network struct {
	ID, Name string
	CIDR     string // IPv4
	Spare    int    // addresses at its end that it does not give out by itself
	External bool
	NoRouter bool // floating IPs do not reach it
}

// KeyPair is a user's key pair.
type KeyPair struct{ Name, PublicKey string }

// DefaultFlavors are the flavors of a cloud whose options name none.
func DefaultFlavors() []Flavor {
	return []Flavor{
		{ID: "1", Name: "m1.nano", VCPUs: 1, RAM: 64, Disk: 1},
		{ID: "2", Name: "m1.micro", VCPUs: 1, RAM: 256, Disk: 4},
		{ID: "3", Name: "m1.tiny", VCPUs: 1, RAM: 384, Disk: 4},
		{ID: "4", Name: "m1.small", VCPUs: 1, RAM: 512, Disk: 4},
		{ID: "5", Name: "m1.medium", VCPUs: 2, RAM: 1024, Disk: 8},
		{ID: "6", Name: "m1.large", VCPUs: 4, RAM: 8192, Disk: 80},
	}
}

// DefaultImages are the images of a cloud whose options name none.
func DefaultImages() []Image {
	return []Image{
		{ID: "a1599d16-0000-4000-8000-000000000001", Name: "tiny"},
		{ID: "a1599d16-0000-4000-8000-000000000002", Name: "debian-13-hpc"},
	}
}

// DefaultNetworks are the networks of a cloud whose options name none.
func DefaultNetworks() []Network {
	return []Network{
		{ID: "a2256c23-0000-4000-8000-000000000001", Name: "private", CIDR: "10.76.0.0/20"},
		{ID: "c4dbc0a1-0000-4000-8000-000000000002", Name: "public", CIDR: "172.24.4.0/24", External: true},
	}
}

// DefaultKeyPairs are the key pairs of a cloud whose options name none.
func DefaultKeyPairs() []KeyPair {
	return []KeyPair{{Name: "ops", PublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMHBo21E5LQGiRX7by14RB5uwCQR37xnx/33Edqq/cC9 ops"}}
}

func (o Options) withDefaults() Options {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.TokenTTL == 0 {
		o.TokenTTL = time.Hour
	}
	if o.MaxLimit == 0 {
		o.MaxLimit = 1000
	}
	if o.Zones == nil {
		o.Zones = []Zone{{Name: "nova", Hosts: 3}}
	}
	if o.Flavors == nil {
		o.Flavors = DefaultFlavors()
	}
	if o.Images == nil {
		o.Images = DefaultImages()
	}
	if o.Networks == nil {
		o.Networks = DefaultNetworks()
	}
	if o.KeyPairs == nil {
		o.KeyPairs = DefaultKeyPairs()
	}
	if o.SecurityGroups == nil {
		o.SecurityGroups = []string{"default", "open"}
	}
	return o
}
