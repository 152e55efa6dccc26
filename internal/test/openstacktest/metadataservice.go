package openstacktest

import (
	"errors"
	"maps"
	"net/http"
	"time"
)

// The errors that a guest gets from the metadata service.
var (
	ErrNoServer     = errors.New("404: the metadata service does not know the server")
	ErrSlotOccupied = errors.New("409: the password slot is occupied")
	ErrTooLarge     = errors.New("400: the content is too large for the password slot")
)

// metadataCache is what one metadata service remembers of a server, the state of the
// password slot included. The service answers from it until it is too old.
type metadataCache struct {
	at       time.Time
	metadata map[string]string
	password string
}

// asGuest finds the server and what the metadata service knows of it. Several
// services are asked in turn, each with its own memory.
func (c *Cloud) asGuest(serverID string) (*server, metadataCache, error) {
	now := time.Now()
	c.settle(now)
	s := c.server(serverID)
	if s == nil {
		return nil, metadataCache{}, ErrNoServer
	}
	workers := max(c.o.MetadataWorkers, 1)
	for len(s.caches) < workers {
		s.caches = append(s.caches, metadataCache{})
	}
	s.asked++
	m := &s.caches[s.asked%workers]
	if m.at.IsZero() || now.Sub(m.at) >= c.o.MetadataCache {
		*m = metadataCache{at: now, metadata: s.metadata, password: s.password}
	}
	return s, *m, nil
}

// GuestMetadata returns the server's metadata as a process in the guest reads
// it: up to Options.MetadataCache late.
func (c *Cloud) GuestMetadata(serverID string) (map[string]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, m, err := c.asGuest(serverID)
	return maps.Clone(m.metadata), err
}

// PostPassword fills the server's password slot as a process in the guest does.
// As in a real Nova, whether the slot is free is judged by the cache: a second
// post soon after the first overwrites it, and a cleared slot refuses for a
// while.
func (c *Cloud) PostPassword(serverID, content string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, m, err := c.asGuest(serverID)
	if err != nil {
		return err
	}
	if m.password != "" {
		return ErrSlotOccupied
	}
	if len(content) > maxPassword {
		return ErrTooLarge
	}
	s.password = content
	return nil
}

// WriteConsole adds text to the server's console log.
func (c *Cloud) WriteConsole(serverID, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.server(serverID); s != nil {
		s.console += text
	}
}

func showPassword(_ *Cloud, q *request, s *server) {
	q.reply(http.StatusOK, map[string]string{"password": s.password})
}

func clearPassword(_ *Cloud, q *request, s *server) {
	s.password = ""
	q.empty(http.StatusNoContent)
}
