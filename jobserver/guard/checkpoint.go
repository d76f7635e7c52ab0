package guard

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// maxDrafts is how many checkpoints of an attempt may be on their way from the job at once.
const maxDrafts = 4

// draft is a checkpoint that is being gathered. It belongs to a goroutine of its own; the loop makes it and takes it.
type draft struct {
	of   *attempt
	path string
	// dir and keep are the working directory and the patterns of what later steps need of it.
	dir  string
	keep []string
	who  *Account
	task.Checkpoint
}

// newDraft makes room for a checkpoint of the present attempt.
func (k *keeper) newDraft(c task.Checkpoint) (*draft, error) {
	a := k.attempt
	switch {
	case a == nil || a.phase == committing || a.phase == preparing:
		return nil, fmt.Errorf("no attempt is running: %w", fault.Conflict)
	case k.full:
		return nil, fmt.Errorf("the disk of the job server is full: %w", fault.Unavailable)
	case a.drafting >= maxDrafts:
		return nil, fmt.Errorf("%d checkpoints are on their way already: %w", a.drafting, fault.Unavailable)
	}
	if err := task.CheckCheckpointNumber(a.made); err != nil {
		return nil, err
	}
	a.drafts++
	a.drafting++
	d := &draft{of: a, path: k.folder.Draft(a.Ref, a.drafts), dir: a.dir, who: a.who, Checkpoint: c}
	d.Run, d.Attempt = a.Ref.Run, a.Ref.Number
	if len(a.Job.Steps) > 0 {
		d.Step = a.step
		if a.step > 0 {
			d.keep = a.steps[a.step-1].keep
		}
	}
	return d, nil
}

// gather writes the content: what the job sent, and what later steps need. It may take long.
func (d *draft) gather(ctx context.Context, body io.Reader) (err error) {
	f, err := os.OpenFile(d.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return noRoom(fmt.Errorf("make checkpoint: %w", err))
	}
	defer func() {
		if err = noRoom(errors.Join(err, f.Close())); err != nil {
			os.Remove(d.path)
		}
	}()
	sum := sha256.New()
	out := &limitedWriter{to: io.MultiWriter(f, sum)}
	buffer := bufio.NewWriterSize(out, 128<<10)
	w := archiveWriter{Writer: tar.NewWriter(buffer), ctx: ctx}
	if body != nil {
		if err := w.copyFrom(contextReader{ctx, body}); err != nil {
			return err
		}
	}
	if err := d.who.act(func() error { return w.keep(d.dir, d.keep) }); err != nil {
		return err
	}
	if err := errors.Join(w.Close(), buffer.Flush()); err != nil {
		return err
	}
	d.Size, d.SHA256 = out.written, hex.EncodeToString(sum.Sum(nil))
	return nil
}

// limitedWriter refuses what is over the size of a checkpoint.
type limitedWriter struct {
	to      io.Writer
	written int64
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	if w.written+int64(len(p)) > task.MaxCheckpointSize {
		return 0, tooLarge()
	}
	n, err := w.to.Write(p)
	w.written += int64(n)
	return n, err
}

// noRoom adds the kind Unavailable to an error that says that the disk is full.
func noRoom(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("%w: %w", fault.Unavailable, err)
	}
	return err
}

// takeDraft gives a gathered checkpoint its sequence and writes its record. reply hears once it is durable, or why it
// never will be; without reply nobody waits.
func (k *keeper) takeDraft(d *draft, reply chan<- error) error {
	a := k.attempt
	if a != d.of || a.phase == committing {
		os.Remove(d.path)
		return fmt.Errorf("the attempt has ended: %w", fault.Conflict)
	}
	a.drafting--
	c := d.Checkpoint
	c.Sequence, c.CreatedAt = a.LastCheckpoint+a.made+1, time.Now().UTC()
	if err := os.Rename(d.path, k.folder.Content(a.Ref, c.Sequence)); err != nil {
		os.Remove(d.path)
		return noRoom(fmt.Errorf("make checkpoint: %w", err))
	}
	if err := a.spool.Checkpoint(c.CreatedAt, c); err != nil {
		return errors.Join(err, k.folder.RemoveContent(a.Ref, c.Sequence))
	}
	a.made++
	if reply != nil {
		if a.waiting == nil {
			a.waiting = map[int]chan<- error{}
		}
		a.waiting[c.Sequence] = reply
	}
	k.flush(sinceBoot())
	return nil
}

// dropDraft gives up a checkpoint that could not be gathered.
func (k *keeper) dropDraft(d *draft) {
	if k.attempt == d.of {
		d.of.drafting--
	}
}

// validated tells the job what became of a checkpoint.
func (k *keeper) validated(sequence int, refused string) {
	a := k.attempt
	reply := a.waiting[sequence]
	if reply == nil {
		return
	}
	delete(a.waiting, sequence)
	if refused != "" {
		reply <- fmt.Errorf("%s: %w", refused, fault.Conflict)
		return
	}
	reply <- nil
}

// leaveWaiting answers those who wait for a checkpoint when the attempt ends.
func (k *keeper) leaveWaiting() {
	for _, reply := range k.attempt.waiting {
		reply <- fmt.Errorf("the attempt has ended before the checkpoint was durable: %w", fault.Unavailable)
	}
	k.attempt.waiting = nil
}

// checkpoint takes a checkpoint from the job: name, label and instructions are in the query, the files in the body as a
// tar archive. It answers once the checkpoint is durable at the conductor, however long that takes.
func (s *jobSocket) checkpoint(w http.ResponseWriter, r *http.Request) {
	c, err := checkpointOf(r.URL.Query())
	if err != nil {
		refuse(w, err)
		return
	}
	// The job may take long to write it, and the conductor to be there.
	if err := http.NewResponseController(w).SetReadDeadline(time.Time{}); err != nil {
		refuse(w, fmt.Errorf("take checkpoint: %w", err))
		return
	}
	var d *draft
	err = s.ask(r.Context(), func(k *keeper, reply chan<- error) {
		var err error
		d, err = k.newDraft(c)
		reply <- err
	})
	if err != nil {
		refuse(w, err)
		return
	}
	if err := d.gather(r.Context(), r.Body); err != nil {
		s.post(func(k *keeper) { k.dropDraft(d) })
		refuse(w, err)
		return
	}
	err = s.ask(r.Context(), func(k *keeper, reply chan<- error) {
		if err := k.takeDraft(d, reply); err != nil {
			reply <- err
		}
	})
	if err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func checkpointOf(query url.Values) (task.Checkpoint, error) {
	for name, values := range query {
		if len(values) > 1 || name != "name" && name != "label" && name != "instructions" {
			return task.Checkpoint{}, fmt.Errorf("the query may have name, label and instructions, each once, but has %.40q: %w", name, fault.Malformed)
		}
	}
	c := task.Checkpoint{Name: query.Get("name"), Label: query.Get("label"), Instructions: query.Get("instructions")}
	return c, task.CheckCheckpoint(c.Name, c.Label, c.Instructions)
}

// pack makes the checkpoint behind a step that ended well, and goes on with the next step; nobody waits for it to be
// durable. Where it cannot be made the job goes on all the same.
func (k *keeper) pack(now time.Duration) {
	a := k.attempt
	name := a.steps[a.step-1].name
	d, err := k.newDraft(task.Checkpoint{Name: name})
	if err != nil {
		a.mark("no checkpoint after step %s: %v", name, err)
		k.beginStep(now)
		return
	}
	packed := func(err error) {
		if err == nil {
			err = k.takeDraft(d, nil)
		} else {
			k.dropDraft(d)
		}
		if err != nil {
			a.mark("no checkpoint after step %s: %v", name, err)
		}
		k.beginStep(sinceBoot())
	}
	if len(d.keep) == 0 {
		packed(d.gather(context.Background(), nil))
		return
	}
	a.phase = packing
	k.beside(func(ctx context.Context) error { return d.gather(ctx, nil) }, packed)
}

// resumeFolder is the folder in the working directory that holds the files of the checkpoint that an attempt goes on from.
const resumeFolder = ".segno-resume"

// unpack unpacks the checkpoint that the attempt goes on from, and begins the first step that has none.
func (k *keeper) unpack(now time.Duration) {
	a := k.attempt
	done := len(a.steps)
	if len(a.Job.Steps) == 0 {
		done = 1
	}
	if a.Resume.Step >= done {
		k.notStarted(fmt.Errorf("resume from checkpoint %q: %d steps ended well before it, and the job has %d", a.Resume.Name, a.Resume.Step, done), now)
		return
	}
	a.step = a.Resume.Step
	unpacked := func(err error) {
		os.Remove(a.ResumeContent)
		now := sinceBoot()
		if kind, _ := a.core.Stopped(); err != nil && kind == "" {
			k.notStarted(fmt.Errorf("resume from checkpoint %q: %w", a.Resume.Name, err), now)
			return
		}
		k.beginStep(now)
	}
	a.phase = preparing
	k.beside(func(ctx context.Context) error { return unpackResume(ctx, a.ResumeContent, a.dir, a.who) }, unpacked)
}

// unpackResume unpacks what is in the file content into a working directory, as the user who.
func unpackResume(ctx context.Context, content, dir string, who *Account) error {
	f, err := os.Open(content)
	if err != nil {
		return err
	}
	defer f.Close()
	return who.act(func() error {
		files := dir + "/" + resumeFolder
		if err := os.Mkdir(files, 0o700); err != nil {
			return err
		}
		return noRoom(unpackArchive(ctx, bufio.NewReaderSize(f, 128<<10), dir, files))
	})
}

// beside does something that may take long for the present attempt beside the loop, and then goes on with it in the loop.
// A stop of the attempt cancels it.
func (k *keeper) beside(do func(context.Context) error, then func(error)) {
	a := k.attempt
	ctx, cancel := context.WithCancel(context.Background())
	a.aside = cancel
	k.asides.Go(func() {
		defer cancel()
		err := do(ctx)
		k.job.post(func(k *keeper) {
			if k.attempt == a && a.phase != committing {
				a.aside = nil
				then(err)
			}
		})
	})
	if kind, _ := a.core.Stopped(); kind != "" {
		cancel()
	}
}
