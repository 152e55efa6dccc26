package openstacktest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// The credentials that every embedded cloud accepts.
const (
	CloudName        = "embedded" // entry of CloudsYAML; "embedded-appcred" is the application credential
	Username         = "demo"
	Password         = "embedded-password"
	ProjectName      = "demo"
	DomainName       = "Default"
	Region           = "RegionOne"
	ProjectID        = "bef54fb33ff54780bf40c983afdea72a"
	UserID           = "d0f5c29b3ee145f6aa2552b56615caec"
	AppCredentialID  = "46855c42040141d78d3ec97f1f8f9060"
	AppCredential    = "embedded-application-credential"
	AppCredentialKey = "embedded-application-credential-secret"
)

// Cloud is one embedded OpenStack. Its methods may be called from any
// goroutine.
type Cloud struct {
	mux    *http.ServeMux
	http   *http.Server
	url    string
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	o        Options
	tokens   map[string]*token
	servers  []*server // in order of creation
	created  int
	keyPairs []KeyPair
	groups   []securityGroup
	networks []*network
	ports    []*port
	floating []*floatingIP
	volumes  []*volume

	serverGroups []*serverGroup
	nextMAC      int
	builds       lanes
	deletes      lanes
	faults       []*fault
	failRules    []*failRule
	calls        map[string]int
	totalCalls   int
}

// New returns a cloud that does not listen yet.
func New(o Options) *Cloud {
	o = o.withDefaults()
	c := &Cloud{
		o:        o,
		url:      memoryURL,
		closed:   make(chan struct{}),
		tokens:   map[string]*token{},
		keyPairs: append([]KeyPair(nil), o.KeyPairs...),
		calls:    map[string]int{},
	}
	for _, name := range o.SecurityGroups {
		c.groups = append(c.groups, securityGroup{id: newUUID(), name: name})
	}
	for _, n := range o.Networks {
		c.networks = append(c.networks, newNetwork(n))
	}
	c.mux = c.routes()
	return c
}

// Start begins to listen.
func (c *Cloud) Start() error {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", c.o.Addr)
	if err != nil {
		return fmt.Errorf("start the embedded cloud: %w", err)
	}
	c.url = "http://" + l.Addr().String()
	c.http = &http.Server{Handler: http.HandlerFunc(c.serve), ReadHeaderTimeout: time.Minute}
	go c.http.Serve(l) //nolint:errcheck // it ends with Close
	return nil
}

// Close ends the cloud; calls that hang end too.
func (c *Cloud) Close() {
	c.once.Do(func() {
		close(c.closed)
		if c.http != nil {
			c.http.Close()
		}
	})
}

// URL returns the root of all APIs.
func (c *Cloud) URL() string { return c.url }

// AuthURL returns the address of the identity API.
func (c *Cloud) AuthURL() string { return c.url + "/identity/v3" }

// Env returns the OS_* variables with which clients find the cloud.
func (c *Cloud) Env() map[string]string {
	return map[string]string{
		"OS_AUTH_URL":             c.AuthURL(),
		"OS_IDENTITY_API_VERSION": "3",
		"OS_USERNAME":             Username,
		"OS_PASSWORD":             Password,
		"OS_USER_DOMAIN_NAME":     DomainName,
		"OS_PROJECT_NAME":         ProjectName,
		"OS_PROJECT_DOMAIN_NAME":  DomainName,
		"OS_REGION_NAME":          Region,
		"OS_INTERFACE":            "public",
	}
}

// CloudsYAML returns the content of a clouds.yaml with the entries CloudName
// (password) and CloudName-appcred (application credential). It is JSON, which
// is YAML too.
func (c *Cloud) CloudsYAML() string {
	type m = map[string]any
	entry := func(auth m, more m) m {
		out := m{"auth": auth, "region_name": Region, "interface": "public", "identity_api_version": 3}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	b, err := json.MarshalIndent(m{"clouds": m{
		CloudName: entry(m{
			"auth_url": c.AuthURL(), "username": Username, "password": Password, "user_domain_name": DomainName,
			"project_name": ProjectName, "project_domain_name": DomainName,
		}, nil),
		CloudName + "-appcred": entry(m{
			"auth_url": c.AuthURL(), "application_credential_id": AppCredentialID, "application_credential_secret": AppCredentialKey,
		}, m{"auth_type": "v3applicationcredential"}),
	}}, "", "  ")
	if err != nil {
		panic("openstacktest: clouds.yaml does not marshal: " + err.Error())
	}
	return string(b) + "\n"
}

// Configure changes the cloud's options while it runs. Addr, Networks and
// SecurityGroups are fixed by New; new KeyPairs are not taken over.
func (c *Cloud) Configure(change func(*Options)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.o)
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

func newUUID() string {
	b := make([]byte, 16)
	rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func newNetwork(n Network) *network {
	p := netip.MustParsePrefix(n.CIDR)
	return &network{Network: n, subnetID: newUUID(), prefix: p.Masked(), used: map[netip.Addr]bool{}, created: time.Now()}
}
