package systemtest

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/segno-jobs/segno/api/wire"
)

// Server is a job server of the system.
type Server struct {
	*Process
	Name string
	// Data is the agent's data folder.
	Data string

	system *System
}

// StartServer joins a job server with the arguments for `jobserver join`, starts its agent, and waits until it is online.
func (s *System) StartServer(name string, joinArgs ...string) *Server {
	s.t.Helper()
	v := s.JoinServer(name, joinArgs...)
	v.Start()
	v.WaitOnline()
	return v
}

// JoinServer joins a job server and does not start its agent.
func (s *System) JoinServer(name string, joinArgs ...string) *Server {
	s.t.Helper()
	token, err := s.Client.CreateJoinToken(s.t.Context(), wire.JoinTokenRequest{Name: name})
	if err != nil {
		s.t.Fatal(err)
	}
	v := &Server{Name: name, Data: filepath.Join(s.Dir, name), system: s}
	args := append([]string{"join", "--conductor", s.URL, "--token", token.Token, "--data", v.Data, "--name", name}, joinArgs...)
	if join := s.Run("jobserver", args...); join.Wait() != nil {
		s.t.Fatalf("joining %s failed: %s", name, join.Output())
	}
	return v
}

// Start starts the agent.
func (v *Server) Start(args ...string) {
	v.system.t.Helper()
	v.Process = v.system.Run("jobserver", append([]string{"run", "--data", v.Data}, args...)...)
}

// WaitOnline waits until the conductor calls the server online.
func (v *Server) WaitOnline() { v.WaitStatus("online") }

// WaitStatus waits until the conductor gives the server that status.
func (v *Server) WaitStatus(status string) {
	v.system.t.Helper()
	v.system.Eventually(v.Name+" is "+status, func(ctx context.Context) (bool, error) {
		server, err := v.system.Client.Server(ctx, v.Name)
		return err == nil && server.Status == status, err
	})
}

// Processes returns the ids of the server's processes of one kind: "run", "guard" or "keeper".
func (v *Server) Processes(command string) []int {
	var pids []int
	for _, pid := range ProcessesOf(v.Data) {
		cmdline, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		args := strings.Split(string(cmdline), "\x00")
		if err == nil && len(args) > 1 && strings.HasSuffix(args[0], "jobserver") && args[1] == command {
			pids = append(pids, pid)
		}
	}
	return pids
}
