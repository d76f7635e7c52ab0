package store_test

import (
	"context"
	"testing"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// firstVersion is what a conductor of the first version of the schema has left: a server with a run on it that it has
// lost sight of, a run that waits, and one that failed.
var firstVersion = []string{
	`INSERT INTO server (name, kind, mode, state, state_since, reason, description, labels, slots, power, unavailable_after,
		joined_at, last_seen, boot_id, instance, agent_version, credential_hash, version)
		VALUES ('js-1', 'job', 'active', 'unreachable', 1, '', '', '{}', 8, 1, 0, 1, 1, 'boot', 'instance-1', '1.0', 'credential', 1)`,
	`INSERT INTO virtual_server (name, spec, version, created_at, updated_at) VALUES ('etl', '{"name":"etl","members":["js-1"]}', 1, 1, 1)`,
	`INSERT INTO virtual_server_member (virtual_server, server, position) VALUES ('etl', 'js-1', 0)`,
	`INSERT INTO task (name, spec, virtual_server, version, created_at, updated_at)
		VALUES ('load', '{"name":"load","virtual_server":"etl","on_unavailable":"wait","job":{"command":["true"]}}', 'etl', 1, 1, 1)`,
	`INSERT INTO run (id, task, state, prior, prior_reason, attempt, rank, cause_kind, cause_by, virtual_server, on_unavailable,
		labels, queued_at, started_at, ended_at, exit_code, reason, server) VALUES
		('01A', 'load', 'unknown', 'running', '', 1, 0, 'manual', 'ops', 'etl', 'recover', '{}', 1, 2, NULL, NULL, 'silent', 'js-1'),
		('01B', 'load', 'queued', NULL, NULL, 0, 0, 'manual', 'ops', 'etl', '', '{}', 1, NULL, NULL, NULL, '', NULL),
		('01C', 'load', 'failed', NULL, NULL, 1, 0, 'manual', 'ops', 'etl', 'wait', '{}', 1, 2, 3, 3, 'exit code 3', 'js-1')`,
	`INSERT INTO run_spec (run, spec, params) VALUES
		('01A', '{"name":"load","virtual_server":"etl","on_unavailable":"recover","job":{"command":["true"]}}', '{}'),
		('01B', '{"name":"load","virtual_server":"etl","job":{"command":["true"]}}', '{}'),
		('01C', '{"name":"load","virtual_server":"etl","on_unavailable":"wait","job":{"command":["true"]}}', '{}')`,
	`INSERT INTO attempt (run, number, server, state, reason, ground, instance, offered_at, claimed_at, ended_at, exit, log_bytes,
		delivered, need_cpu, need_memory, need_slots, need_source) VALUES
		('01A', 1, 'js-1', 'unknown', '', '', 'instance-1', 1, 2, NULL, NULL, 0, 1, 1, 0, 1, 'assumed'),
		('01C', 1, 'js-1', 'failed', 'exit code 3', '', 'instance-1', 1, 2, 3, '{"kind":"exited","code":3,"cpu_ns":0,"peak_memory":0,"ran_ns":1}', 0, 2, 1, 0, 1, 'assumed')`,
	`INSERT INTO event (at, kind, subject, task, attempt, from_state, to_state, reason) VALUES
		(1, 'run.queued', '01A', 'load', 0, '', 'queued', ''), (1, 'run.queued', '01B', 'load', 0, '', 'queued', ''),
		(1, 'run.queued', '01C', 'load', 0, '', 'queued', '')`,
}

func TestADatabaseOfTheFirstVersionGoesOn(t *testing.T) {
	onEachURL(t, func(t *testing.T, url string) {
		ctx := context.Background()
		old := must(store.Connect(ctx, url))(t)
		if url[:8] == "postgres" { // It was made from a template of the newest version.
			check(t, old.Do(ctx, `DROP SCHEMA public CASCADE`))
			check(t, old.Do(ctx, `CREATE SCHEMA public`))
		}
		check(t, old.MigrateTo(ctx, 1))
		for _, statement := range firstVersion {
			check(t, old.Do(ctx, statement))
		}
		check(t, old.Close())
		from, to, err := store.Migrate(ctx, url)
		check(t, err)
		if from != 1 || to < 2 {
			t.Errorf("the schema went from version %d to %d", from, to)
		}

		db := open(t, url, store.Options{NoMigrate: true})
		for _, r := range must(db.Runs(ctx, task.RunFilter{}, page.Request{}))(t).Items {
			want := map[task.RunID]policy.Kind{"01A": policy.Recover, "01C": policy.Wait}[r.ID]
			switch {
			case r.ID == "01B" && r.Spec.OnUnavailable != nil:
				t.Errorf("a run without a policy has %v", r.Spec.OnUnavailable)
			case r.ID != "01B" && (r.Spec.OnUnavailable == nil || r.Spec.OnUnavailable.Kind() != want):
				t.Errorf("run %s has the policy %v, want %s", r.ID, r.Spec.OnUnavailable, want)
			}
		}
		if spec := must(db.Task(ctx, "load"))(t).Spec; spec.OnUnavailable == nil || spec.OnUnavailable.Kind() != policy.Wait {
			t.Errorf("the task has the policy %v, want wait", spec.OnUnavailable)
		}
		ref := task.Ref{Run: "01A", Number: 1}
		if o := must(db.OpenAttempts(ctx, "js-1"))(t); len(o) != 1 || o[0].Lease != 0 || o[0].UnavailableAfter != 0 || o[0].Spec.OnUnavailable.Kind() != policy.Recover {
			t.Errorf("got open attempts %+v, want one without a lease: its agent knows of none", o)
		}
		r := replacement(ref)
		r.Ground = "host rebooted"
		checkAll(t, db.ReplaceAttempts(ctx, oneOf(r), noon))
		wantState(t, db, "01A", task.Queued)
		must(db.TakeUp(ctx, "01C", task.IntentRestart, 0, "ops", noon))(t)
		if got := wantState(t, db, "01C", task.Queued); got.Next.Ground != "exit reported" || got.EndedAt != nil {
			t.Errorf("got %+v with %+v", got, got.Next)
		}
		if n := len(must(db.QueuedRuns(ctx, task.Target{VirtualServer: "etl"}, task.QueuePosition{}, nil, 10))(t)); n != 3 {
			t.Errorf("%d runs are queued, want 3", n)
		}
	})
}
