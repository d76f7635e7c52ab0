package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/segno-jobs/segno/internal/config"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/agent"
	"github.com/segno-jobs/segno/jobserver/guard"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/task"
)

// envPrefix begins the names of environment variables.
const envPrefix = "SEGNO_JOBSERVER_"

// fileName is the configuration file that is read from the data folder where no other is named.
const fileName = "jobserver.yaml"

// settings are all settings of the program. A command has flags for those that it needs.
type settings struct {
	Data string `setting:"data" help:"folder that holds all that the job server keeps"`

	Conductor []string          `setting:"conductor" help:"base URLs of the conductors, such as http://127.0.0.1:7700"`
	Token     string            `setting:"token" help:"one-time join token of the conductor"`
	Name      string            `setting:"name" help:"name of the job server; that of the host unless another is given"`
	Kind      string            `setting:"kind" help:"what the server is for: job or runtime"`
	Slots     int               `setting:"slots" help:"how many runs fit"`
	Power     float64           `setting:"power" help:"factor for the speed of the host; 1 is ordinary"`
	Label     map[string]string `setting:"label" help:"label of the server, as name=value; may be given several times"`

	RunAs        []string `setting:"run_as" help:"users as whom jobs may run that ask for it, with * for any characters; none by default, and never root"`
	Cgroup       string   `setting:"cgroup" help:"control groups for jobs: auto, off, or the folder of a delegated group of version 2"`
	Warm         int      `setting:"warm" help:"how many processes stand ready to keep a job: a burst of so many starts at once; each takes about 4 MB"`
	ArchiveCache string   `setting:"archive_cache" help:"how much of the disk archives may take that are kept for later runs, such as 4GiB"`
	LogLevel     string   `setting:"log_level" help:"least level that is logged: debug, info, warn or error"`
	LogFormat    string   `setting:"log_format" help:"form of the log: text or json"`
}

func defaultSettings() settings {
	return settings{
		Name:         hostName(),
		Kind:         string(jobserver.KindJob),
		Slots:        jobserver.DefaultSlots,
		Power:        1,
		Cgroup:       guard.CgroupAuto,
		Warm:         guard.DefaultWarm,
		ArchiveCache: task.Bytes(agent.DefaultArchiveCache).String(),
		LogLevel:     "info",
		LogFormat:    "text",
	}
}

// hostName is the first part of the host's own name, in small letters; empty where that cannot name a job server.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return nameOfHost(name)
}

func nameOfHost(host string) string {
	name, _, _ := strings.Cut(strings.ToLower(host), ".")
	if !task.ValidName(name) {
		return ""
	}
	return name
}

// Validate refuses what no command can work with. What only one command needs is asked for there.
func (s *settings) Validate() error {
	found := []error{
		task.CheckLabels("label", s.Label),
		checkLog(s),
		jobserver.RunAs{Users: s.RunAs}.Validate("run_as"),
	}
	for _, url := range s.Conductor {
		found = append(found, protocol.CheckURL(url))
	}
	if _, err := s.archiveCache(); err != nil {
		found = append(found, err)
	}
	server := s.server()
	if server.Name == "" {
		server.Name = "unnamed"
	}
	server.Labels = nil
	if s.Slots == 0 {
		found = append(found, fault.Field("slots", "must be from 1 to %d, not 0", jobserver.MaxSlots))
	}
	if s.Warm < 1 || s.Warm > jobserver.MaxSlots {
		found = append(found, fault.Field("warm", "must be from 1 to %d, not %d", jobserver.MaxSlots, s.Warm))
	}
	if s.Power == 0 {
		found = append(found, fault.Field("power", "must be from %v to %v, not 0", jobserver.MinPower, jobserver.MaxPower))
	}
	return errors.Join(append(found, server.WithDefaults().Validate())...)
}

// archiveCache is how many bytes of archives are kept, at least one.
func (s *settings) archiveCache() (b task.Bytes, err error) {
	if err := b.UnmarshalText([]byte(s.ArchiveCache)); err != nil {
		return 0, fault.Field("archive_cache", "%v", err)
	}
	if b < 0 {
		return 0, fault.Field("archive_cache", "must not be negative")
	}
	return max(b, 1), nil
}

// server is the job server as it joins.
func (s *settings) server() jobserver.Server {
	return jobserver.Server{
		Name: s.Name, Kind: jobserver.Kind(s.Kind), Labels: s.Label, Slots: s.Slots, Power: s.Power,
	}
}

// bind adds flags for the named settings to a command, and returns the function that fills them in.
func (s *settings) bind(cmd *cobra.Command, names ...string) (load func() error) {
	bound := config.Bind(envPrefix, s)
	bound.AddFlags(cmd.Flags(), names...)
	return func() error {
		if err := useFileOfFolder(cmd.Flags()); err != nil {
			return err
		}
		if err := bound.Load(); err != nil {
			return err
		}
		if s.Data == "" {
			return fault.Field("data", "(--data or %sDATA) must be given", envPrefix)
		}
		return nil
	}
}

// useFileOfFolder takes the configuration file in the data folder, if there is one and no other is named.
func useFileOfFolder(flags *pflag.FlagSet) error {
	if flags.Changed(config.FileSetting) || os.Getenv(envPrefix+"CONFIG") != "" {
		return nil
	}
	data, err := flags.GetString("data")
	if err != nil || data == "" {
		data = os.Getenv(envPrefix + "DATA")
	}
	path := filepath.Join(data, fileName)
	if info, err := os.Stat(path); data == "" || err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return flags.Set(config.FileSetting, path)
}
