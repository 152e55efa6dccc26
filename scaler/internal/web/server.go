package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Access are the names under which the page is served, the credentials that it demands
// and the certificate that it shows.
type Access struct {
	Hosts           []string // host names, beside localhost and those of the certificate
	Username        string   // "": none is demanded
	Password        string
	CertificateFile string // "": clear text
	KeyFile         string
	ClientCAFile    string
	Log             *log.Logger       // of failed connections; nil is standard error
	Guessing        func(from string) // is called when logins from an address are refused for a while; may be nil
}

// Server serves a handler to clients with the right credentials.
type Server struct {
	http     *http.Server
	listener net.Listener
}

// Listen opens the address and reads the certificate; an error of either is returned
// at once.
func Listen(ctx context.Context, address string, a Access, h http.Handler) (*Server, error) {
	certified := func(string) bool { return false }
	var secure *tls.Config
	if a.CertificateFile != "" {
		c := &certificate{certFile: a.CertificateFile, keyFile: a.KeyFile}
		var err error
		if secure, err = a.tls(c); err != nil {
			return nil, err
		}
		certified = c.names
	}
	s := &Server{http: &http.Server{
		Handler: a.guard(certified, h), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10, ErrorLog: a.Log,
	}}
	var err error
	if s.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", address); err != nil {
		return nil, fmt.Errorf("open the page's address: %w", err)
	}
	s.listener = &limitedListener{Listener: s.listener, most: mostConnections, mostOfOrigin: mostOfOrigin}
	if secure != nil {
		s.listener = tls.NewListener(s.listener, secure)
	}
	return s, nil
}

// guard returns a handler that serves a request if its host name is the page's and its
// login is right.
func (a Access) guard(certified func(host string) bool, h http.Handler) http.Handler {
	return headers(a.checkHost(certified, a.checkLogin(h)))
}

// Address returns the address at which the server listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Serve answers until the server is shut down.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the page: %w", err)
	}
	return nil
}

// Shutdown finishes the answers that are under way.
func (s *Server) Shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return fmt.Errorf("end the page: %w", err)
	}
	return nil
}

func (a Access) tls(c *certificate) (*tls.Config, error) {
	if _, err := c.get(nil); err != nil {
		return nil, fmt.Errorf("read the page's certificate: %w", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, NextProtos: []string{"http/1.1"}}
	if a.ClientCAFile != "" {
		raw, err := os.ReadFile(a.ClientCAFile)
		if err != nil {
			return nil, fmt.Errorf("read the clients' CA certificates: %w", err)
		}
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !config.ClientCAs.AppendCertsFromPEM(raw) {
			return nil, fmt.Errorf("read the clients' CA certificates: %s holds none", a.ClientCAFile)
		}
	}
	return config, nil
}

// certificate is a certificate that is read again when its file has changed: it is
// renewed more often than a scaler is restarted. A file that cannot be read does not
// replace the old certificate.
type certificate struct {
	certFile, keyFile string

	mu      sync.Mutex
	changed time.Time
	loaded  *tls.Certificate
}

// names reports whether the certificate is for that host name.
func (c *certificate) names(host string) bool {
	pair, err := c.get(nil)
	return err == nil && pair.Leaf != nil && pair.Leaf.VerifyHostname(host) == nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.certFile)
	if err == nil && c.loaded != nil && info.ModTime().Equal(c.changed) {
		return c.loaded, nil
	}
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.certFile, c.keyFile); err == nil {
			c.loaded, c.changed = &pair, info.ModTime()
		}
	}
	if c.loaded != nil {
		return c.loaded, nil
	}
	return nil, err
}
