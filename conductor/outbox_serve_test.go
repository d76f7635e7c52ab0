package conductor_test

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/notification"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// deafness is a sender whose channel "deaf" answers nothing until the try is given up.
type deafness struct {
	mu    sync.Mutex
	told  []string
	began int
}

func (d *deafness) Check(notification.ChannelSpec) error { return nil }

func (d *deafness) Send(ctx context.Context, c notification.ChannelSpec, n notification.Notice) notification.Result {
	if c.Name == "deaf" {
		d.mu.Lock()
		d.began++
		d.mu.Unlock()
		<-ctx.Done()
		return notification.Result{Err: "no answer"}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, n.Text)
	return notification.Result{}
}

func (d *deafness) state() (told []string, began int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.told), d.began
}

func TestWhileServingADeafReceiverHindersNoOtherAndNotTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		db, err := store.Open(ctx, filepath.Join(t.TempDir(), "segno.db"), store.Options{})
		check(t, err)
		defer func() { check(t, db.Close()) }()
		d := &deafness{}
		c, err := conductor.New(db, conductor.Options{Notices: db, Sender: d})
		check(t, err)
		serving, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- c.Serve(serving) }()
		for _, name := range []string{"deaf", "ops"} {
			_, err := c.CreateChannel(ctx, notification.ChannelSpec{Name: name, Webhook: &notification.Webhook{URL: "https://hooks.example.com/"}})
			check(t, err)
		}
		_, err = c.CreateNotificationRule(ctx, notification.RuleSpec{Name: "all", Events: notification.Kinds(), Channels: []string{"deaf", "ops"}})
		check(t, err)
		_, err = c.CreateVirtualServer(ctx, virtualserver.Spec{Name: "etl"})
		check(t, err)
		_, err = c.CreateTask(ctx, task.Spec{
			Name: "load", Target: task.Target{VirtualServer: "etl"}, Job: task.Job{Command: []string{"load"}},
			Expect: task.Expect{StartWithin: task.Duration(time.Minute)},
		})
		check(t, err)
		run, err := c.StartRun(ctx, "load", task.RunRequest{})
		check(t, err)
		time.Sleep(65 * time.Second)
		_, err = c.CancelRun(ctx, run.ID, "ops")
		check(t, err)
		time.Sleep(5 * time.Second)
		told, began := d.state()
		if len(told) != 2 || began != 1 {
			t.Errorf("told %q, and began %d tries of the other, want a late and a cancelled run within seconds, and one try", told, began)
		}
		begun := time.Now()
		stop()
		check(t, <-ended)
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("the stop took %s because of a receiver that does not answer", took)
		}
		waiting, err := db.Deliveries(ctx, notification.DeliveryFilter{Channel: "deaf"}, page.Request{})
		check(t, err)
		for _, delivery := range waiting.Items {
			if delivery.State != notification.Waiting {
				t.Errorf("got %+v, want it to wait", delivery)
			}
		}
		if len(waiting.Items) != 2 || waiting.Items[1].LastError != "no answer" {
			t.Errorf("got %+v, want the try that was cut short noted", waiting.Items)
		}
	})
}
