package store

import (
	"github.com/segno-jobs/segno/jobserver"
)

const serverColumns = `name, kind, mode, state, state_since, reason, description, labels, slots, power, unavailable_after,
	joined_at, last_seen, sample, boot_id, instance, agent_version, held, quarantine, run_as, heartbeat, version`

type serverRow struct {
	Name             string
	Kind             string
	Mode             string
	State            string
	StateSince       int64 `db:"state_since"`
	Reason           string
	Description      string
	Labels           string
	Slots            int
	Power            float64
	UnavailableAfter int64  `db:"unavailable_after"`
	JoinedAt         int64  `db:"joined_at"`
	LastSeen         *int64 `db:"last_seen"`
	Sample           *string
	BootID           string `db:"boot_id"`
	Instance         string
	AgentVersion     string `db:"agent_version"`
	Held             int64
	Quarantine       string
	RunAs            string `db:"run_as"`
	Heartbeat        int64
	Version          int64
}

func (row serverRow) server() (jobserver.Server, error) {
	s := jobserver.Server{
		Name:             row.Name,
		Kind:             jobserver.Kind(row.Kind),
		Mode:             jobserver.Mode(row.Mode),
		State:            jobserver.Contact(row.State),
		StateSince:       instant(row.StateSince),
		Reason:           row.Reason,
		Description:      row.Description,
		Slots:            row.Slots,
		Power:            row.Power,
		UnavailableAfter: span(row.UnavailableAfter),
		JoinedAt:         instant(row.JoinedAt),
		BootID:           row.BootID,
		Instance:         row.Instance,
		AgentVersion:     row.AgentVersion,
		Held:             span(row.Held),
		Quarantine:       row.Quarantine,
		Heartbeat:        span(row.Heartbeat),
		Version:          row.Version,
	}
	if row.LastSeen != nil {
		s.LastSeen = instant(*row.LastSeen)
	}
	if row.Sample != nil {
		s.Sample = new(jobserver.Sample)
		if err := decode(*row.Sample, s.Sample, "sample of server", row.Name); err != nil {
			return s, err
		}
	}
	if err := decode(row.RunAs, &s.RunAs, "users of server", row.Name); err != nil {
		return s, err
	}
	return s, decode(row.Labels, &s.Labels, "labels of server", row.Name)
}

// readServer reads one server. lock is dialect.locked where the transaction goes on to change it.
func readServer(r reader, name, lock string) (jobserver.Server, error) {
	var row serverRow
	err := r.get(&row, `SELECT `+serverColumns+` FROM server WHERE name = ?`+lock, name)
	if isNone(err) {
		return jobserver.Server{}, notFound("server", name)
	}
	if err != nil {
		return jobserver.Server{}, err
	}
	return row.server()
}
