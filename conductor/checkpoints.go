package conductor

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// PutCheckpoint stores a piece of a checkpoint's content. What it answers as received is durable.
func (c *Conductor) PutCheckpoint(ctx context.Context, server string, ref task.Ref, of task.Checkpoint, offset int64, data []byte) (received int64, err error) {
	switch {
	case len(data) > task.MaxCheckpointChunk:
		return 0, fault.Field("data", "must be at most %d bytes", task.MaxCheckpointChunk)
	case of.Sequence < 1:
		return 0, fault.Field("sequence", "must be at least 1")
	case offset < 0:
		return 0, fault.Field("offset", "must not be negative")
	}
	of.Run, of.Attempt = ref.Run, ref.Number
	return c.store.PutContent(ctx, server, ref, of, offset, data)
}

// CheckpointPiece reads a piece of the content of the checkpoint that an open attempt on the server resumes from.
// It returns fault.Fenced for any other: an agent sees nothing but what it was told to go on from.
func (c *Conductor) CheckpointPiece(ctx context.Context, server string, ref task.Ref, sequence int, offset int64) (data []byte, end bool, err error) {
	run, err := c.store.Run(ctx, ref.Run)
	if err != nil {
		return nil, false, err
	}
	if !resumes(run, ref, server, sequence) {
		return nil, false, fmt.Errorf("attempt %d of run %s does not resume from checkpoint %d on %s: %w", ref.Number, ref.Run, sequence, server, fault.Fenced)
	}
	content, of, err := c.store.CheckpointContent(ctx, ref.Run, sequence)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	return readPiece(content, of.Size, offset)
}

// resumes reports whether the attempt is the one that should act on the server, and was told to go on from the checkpoint.
func resumes(run task.Run, ref task.Ref, server string, sequence int) bool {
	for _, a := range run.Attempts {
		if a.Number == ref.Number {
			return ref.Number == run.Attempt && a.Server == server && a.State.Open() && a.ResumedFrom != nil && *a.ResumedFrom == sequence
		}
	}
	return false
}

// PutCheckpoint stores a piece of a checkpoint's content.
func (a *agents) PutCheckpoint(ctx context.Context, req *connect.Request[segnov1.PutCheckpointRequest]) (*connect.Response[segnov1.PutCheckpointResponse], error) {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return nil, err
	}
	m := req.Msg
	of := task.Checkpoint{Sequence: int(m.GetSequence()), Size: m.GetSize(), SHA256: m.GetSha256()}
	received, err := a.c.PutCheckpoint(ctx, server, protocol.RefFromProto(m.GetAttempt()), of, m.GetOffset(), m.GetData())
	res := &segnov1.PutCheckpointResponse{Received: received}
	switch {
	case err == nil:
	case errors.Is(err, fault.Fenced), errors.Is(err, fault.NotFound):
		res.Fenced = true
	case errors.Is(err, fault.Conflict), errors.Is(err, fault.TooLarge), errors.Is(err, fault.Invalid):
		res.Refused = err.Error()
	default:
		return nil, err
	}
	return connect.NewResponse(res), nil
}

// GetCheckpoint reads a piece of the content of the checkpoint that an attempt of the caller's resumes from.
func (a *agents) GetCheckpoint(ctx context.Context, req *connect.Request[segnov1.GetCheckpointRequest]) (*connect.Response[segnov1.GetCheckpointResponse], error) {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return nil, err
	}
	m := req.Msg
	data, end, err := a.c.CheckpointPiece(ctx, server, protocol.RefFromProto(m.GetAttempt()), int(m.GetSequence()), m.GetOffset())
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&segnov1.GetCheckpointResponse{Data: data, End: end}), nil
}
