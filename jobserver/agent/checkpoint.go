package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// resumeFolder is where contents are fetched to, below the data folder.
const resumeFolder = "resume"

// maxStalls is how many answers in a row may bring an upload no further.
const maxStalls = 3

// upload hands the content of a checkpoint to the conductor. What is there already, of an earlier try, is not sent again.
func (a *Agent) upload(g Guard, e Upload) UploadDone {
	done := UploadDone{Ref: e.Ref}
	content, err := g.Checkpoint(e.Ref, e.Checkpoint.Sequence)
	if err != nil {
		done.Err = err
		return done
	}
	defer content.Close()
	u := uploading{of: e.Checkpoint, content: content, buf: make([]byte, min(e.Checkpoint.Size, task.MaxCheckpointChunk))}
	for stalls := 0; stalls < maxStalls; {
		piece, err := u.piece()
		if err != nil {
			done.Err = fmt.Errorf("read checkpoint %d: %w", e.Checkpoint.Sequence, err)
			return done
		}
		res, err := a.put(e, u.at, piece)
		if err != nil {
			if done.Err = err; errors.Is(err, fault.Invalid) || errors.Is(err, fault.TooLarge) || errors.Is(err, fault.Conflict) {
				done.Refused, done.Err = err.Error(), nil
			}
			return done
		}
		received := res.GetReceived()
		done.Refused, done.Fenced = res.GetRefused(), res.GetFenced()
		if done.Refused != "" || done.Fenced || received >= e.Checkpoint.Size {
			return done
		}
		if received <= u.at {
			stalls++
		} else {
			stalls = 0
		}
		u.at = max(0, received)
	}
	done.Err = fmt.Errorf("the conductor has %d of %d bytes and takes no more: %w", u.at, e.Checkpoint.Size, fault.Unavailable)
	return done
}

func (a *Agent) put(e Upload, offset int64, data []byte) (*segnov1.PutCheckpointResponse, error) {
	ctx, cancel := callContext(a.work)
	defer cancel()
	client, at := a.conductors.current()
	res, err := client.PutCheckpoint(ctx, connect.NewRequest(protocol.PieceToProto(e.Ref, e.Checkpoint, offset, data)))
	if err != nil {
		a.failed("checkpoint", at, err)
		return nil, err
	}
	a.succeeded("checkpoint")
	return res.Msg, nil
}

// uploading is content on its way.
type uploading struct {
	of      task.Checkpoint
	content io.Reader
	buf     []byte
	// read is how much was read of the content; buf holds what is from begin to there. at is where to go on.
	begin, read, at int64
}

// piece returns what is to be sent from at on.
func (u *uploading) piece() ([]byte, error) {
	if u.at < u.begin {
		return nil, fmt.Errorf("the conductor has lost what it had: %w", fault.Unavailable) // the next try begins anew
	}
	for u.at >= u.read && u.read < u.of.Size {
		n := min(u.of.Size-u.read, int64(cap(u.buf)))
		u.buf = u.buf[:n]
		if _, err := io.ReadFull(u.content, u.buf); err != nil {
			// What was written here is not what can be read: it is as good as gone.
			return nil, fmt.Errorf("%w: %w", fault.NotFound, err)
		}
		u.begin, u.read = u.read, u.read+n
	}
	return u.buf[u.at-u.begin:], nil
}

// review reads which checkpoints are among records that the conductor has.
func review(g Guard, e Review) Reviewed {
	done := Reviewed{Ref: e.Ref}
	for after := e.After; after < e.To; {
		records, err := g.Read(e.Ref, after, protocol.MaxDeliverAttempt)
		if err != nil || len(records) == 0 {
			return done
		}
		for _, r := range records {
			if after = r.Sequence; r.Checkpoint != nil && r.Sequence <= e.To {
				done.Checkpoints = append(done.Checkpoints, *r.Checkpoint)
			}
		}
	}
	return done
}

// validate has the job told what became of a checkpoint.
func (a *Agent) validate(g Guard, e Validate) {
	if err := g.Validated(e.Ref, e.Sequence, e.Refused); err != nil {
		a.log.Warn("a job could not be told of its checkpoint", "run", e.Ref.Run, "attempt", e.Ref.Number,
			"checkpoint", e.Sequence, "error", err)
	}
}

// fetch gets what an attempt begins with, the archive that it runs and the content of the checkpoint that it goes on from, and
// sees that they are what the offer said.
func (a *Agent) fetch(e Fetch) FetchDone {
	done := FetchDone{Ref: e.Ref}
	if e.Archive != nil {
		done = a.fetchArchive(e)
	}
	if done.Err != nil || e.Checkpoint.Sequence == 0 {
		return done
	}
	checkpoint := a.fetchCheckpoint(e)
	if checkpoint.Err != nil && done.Package != "" {
		a.discard(done.Package)
		return checkpoint
	}
	checkpoint.Package = done.Package
	return checkpoint
}

// fetchCheckpoint gets the content of the checkpoint that an attempt goes on from.
func (a *Agent) fetchCheckpoint(e Fetch) FetchDone {
	folder := filepath.Join(a.options.Data, resumeFolder)
	path := filepath.Join(folder, fmt.Sprintf("%s-%d.tar", e.Ref.Run, e.Ref.Number))
	if !filepath.IsLocal(filepath.Base(path)) || filepath.Dir(path) != folder {
		return FetchDone{Ref: e.Ref, Err: fault.Field("run", "is no name of a file: %q", e.Ref.Run)}
	}
	err := os.MkdirAll(folder, 0o700)
	if err == nil {
		err = a.fetchTo(path, e)
	}
	if err != nil {
		a.discard(path)
		return FetchDone{Ref: e.Ref, Err: fmt.Errorf("fetch checkpoint %d: %w", e.Checkpoint.Sequence, err)}
	}
	return FetchDone{Ref: e.Ref, Path: path}
}

func (a *Agent) fetchTo(path string, e Fetch) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	var size int64
	for end := false; !end; {
		var data []byte
		if data, end, err = a.get(e, size); err != nil {
			return err
		}
		if size += int64(len(data)); size > e.Checkpoint.Size || len(data) == 0 && !end {
			return fmt.Errorf("its content is not of %d bytes: %w", e.Checkpoint.Size, fault.Invalid)
		}
		_, _ = sum.Write(data) // it never fails
		if _, err := f.Write(data); err != nil {
			return fmt.Errorf("%w: %w", fault.Unavailable, err)
		}
	}
	if size != e.Checkpoint.Size || hex.EncodeToString(sum.Sum(nil)) != e.Checkpoint.SHA256 {
		return fmt.Errorf("its content is not what was stored: %w", fault.Invalid)
	}
	return nil
}

func (a *Agent) get(e Fetch, offset int64) (data []byte, end bool, err error) {
	ctx, cancel := callContext(a.work)
	defer cancel()
	client, at := a.conductors.current()
	res, err := client.GetCheckpoint(ctx, connect.NewRequest(&segnov1.GetCheckpointRequest{
		Attempt: protocol.RefToProto(e.Ref), Sequence: uint32(max(0, e.Checkpoint.Sequence)), Offset: offset,
	}))
	if err != nil {
		a.failed("checkpoint", at, err)
		return nil, false, err
	}
	a.succeeded("checkpoint")
	return res.Msg.GetData(), res.Msg.GetEnd(), nil
}

// discard removes content that was fetched.
func (a *Agent) discard(path string) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		a.log.Warn("fetched content could not be removed", "error", err)
	}
}

// clearResumes removes what an earlier agent had fetched and not handed on.
func (a *Agent) clearResumes() {
	if err := os.RemoveAll(filepath.Join(a.options.Data, resumeFolder)); err != nil {
		a.log.Warn("fetched content could not be removed", "error", err)
	}
}
