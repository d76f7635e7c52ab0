package agent

import (
	"sync"

	"github.com/segno-jobs/segno/protocol"
)

// conductors are the conductors that the agent may call. It calls one of them, until that fails.
type conductors struct {
	urls    []string
	clients []*protocol.Client

	mu sync.Mutex
	at int
}

func newConductors(id Identity) *conductors {
	c := &conductors{urls: id.Conductors}
	for _, url := range id.Conductors {
		c.clients = append(c.clients, protocol.NewClient(url, id.Credential))
	}
	return c
}

// current returns the client to call, and its place for leave.
func (c *conductors) current() (*protocol.Client, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clients[c.at], c.at
}

// leave goes on to the next conductor, unless another failure at the same one has done so already.
func (c *conductors) leave(at int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at == at {
		c.at = (at + 1) % len(c.clients)
	}
}

func (c *conductors) url(at int) string { return c.urls[at] }

func (c *conductors) close() {
	for _, client := range c.clients {
		client.Close()
	}
}
