package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// Access are the credentials that the page demands and the certificate it shows.
type Access struct {
	Username        string // "": none is demanded
	Password        string
	CertificateFile string // "": clear text
	KeyFile         string
	ClientCAFile    string
	Log             *log.Logger // of failed connections; nil is standard error
}

// Password returns the first line of a file, or, where no file is named, the value of
// an environment variable. An empty password is an error.
func Password(file, variable string) (string, error) {
	if file == "" {
		if p := os.Getenv(variable); p != "" {
			return p, nil
		}
		return "", fmt.Errorf("the page's password is not set: set password_file, or the variable %s", variable)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the page's password: %w", err)
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fmt.Errorf("read the page's password: the first line of %s is empty", file)
	}
	return line, nil
}

// Server serves a handler to clients with the right credentials.
type Server struct {
	http     *http.Server
	listener net.Listener
}

// Listen opens the address and reads the certificate; an error of either is returned
// at once.
func Listen(ctx context.Context, address string, a Access, h http.Handler) (*Server, error) {
	s := &Server{http: &http.Server{
		Handler: a.guard(h), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: a.Log,
	}}
	var secure *tls.Config
	if a.CertificateFile != "" {
		var err error
		if secure, err = a.tls(); err != nil {
			return nil, err
		}
	}
	var err error
	if s.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", address); err != nil {
		return nil, fmt.Errorf("open the page's address: %w", err)
	}
	if secure != nil {
		s.listener = tls.NewListener(s.listener, secure)
	}
	return s, nil
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

// guard demands name and password. Both are compared as hashes, in a time that does
// not depend on how much of them is right.
func (a Access) guard(next http.Handler) http.Handler {
	if a.Username == "" {
		return next
	}
	name, password := sha256.Sum256([]byte(a.Username)), sha256.Sum256([]byte(a.Password))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, p, _ := r.BasicAuth()
		gotName, gotPassword := sha256.Sum256([]byte(n)), sha256.Sum256([]byte(p))
		if subtle.ConstantTimeCompare(name[:], gotName[:])&subtle.ConstantTimeCompare(password[:], gotPassword[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="vmcluster-scaler", charset="UTF-8"`)
			http.Error(w, "name and password, please", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a Access) tls() (*tls.Config, error) {
	c := &certificate{certFile: a.CertificateFile, keyFile: a.KeyFile}
	if _, err := c.get(nil); err != nil {
		return nil, fmt.Errorf("read the page's certificate: %w", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, NextProtos: []string{"h2", "http/1.1"}}
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
