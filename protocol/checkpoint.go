package protocol

import (
	"encoding/hex"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// CheckpointToProto maps a checkpoint. Its run and attempt are those of the message around it, and the time at which it
// was made is its record's.
func CheckpointToProto(c task.Checkpoint) *segnov1.Checkpoint {
	return &segnov1.Checkpoint{
		Sequence:     uint32(max(0, c.Sequence)),
		Name:         validUTF8(c.Name),
		Label:        validUTF8(c.Label),
		Instructions: validUTF8(c.Instructions),
		Step:         uint32(max(0, c.Step)),
		Size:         c.Size,
		Sha256:       c.SHA256,
	}
}

// CheckpointFromProto is the inverse of [CheckpointToProto]. It checks nothing: see [task.Checkpoint.Validate].
func CheckpointFromProto(m *segnov1.Checkpoint) task.Checkpoint {
	return task.Checkpoint{
		Sequence:     int(m.GetSequence()),
		Name:         m.GetName(),
		Label:        m.GetLabel(),
		Instructions: m.GetInstructions(),
		Step:         int(m.GetStep()),
		Size:         m.GetSize(),
		SHA256:       m.GetSha256(),
	}
}

// checkContent checks what names a content.
func checkContent(c task.Checkpoint) error {
	switch hash, err := hex.DecodeString(c.SHA256); {
	case c.Sequence < 1:
		return fault.Field("sequence", "must be at least 1")
	case c.Size < 0 || c.Size > task.MaxCheckpointSize:
		return fault.Field("size", "must be 0 to %d bytes", task.MaxCheckpointSize)
	case err != nil || len(hash) != 32:
		return fault.Field("sha256", "must have 64 hexadecimal digits")
	}
	return nil
}

// PieceToProto maps a piece of a checkpoint's content, at an offset, on its way to a conductor.
func PieceToProto(ref task.Ref, c task.Checkpoint, offset int64, data []byte) *segnov1.PutCheckpointRequest {
	return &segnov1.PutCheckpointRequest{
		Attempt: RefToProto(ref), Sequence: uint32(max(0, c.Sequence)), Sha256: c.SHA256, Size: c.Size,
		Offset: offset, Data: data,
	}
}

// PieceFromProto is the inverse of [PieceToProto]. Of the checkpoint it gives run, attempt, sequence, size and hash. A
// piece that is too large, or is not within the content, is refused with fault.Invalid.
func PieceFromProto(m *segnov1.PutCheckpointRequest) (ref task.Ref, c task.Checkpoint, offset int64, data []byte, err error) {
	ref, offset, data = RefFromProto(m.GetAttempt()), m.GetOffset(), m.GetData()
	c = task.Checkpoint{
		Run: ref.Run, Attempt: ref.Number, Sequence: int(m.GetSequence()), Size: m.GetSize(), SHA256: m.GetSha256(),
	}
	switch err := checkContent(c); {
	case err != nil:
		return ref, c, offset, data, err
	case len(data) > task.MaxCheckpointChunk:
		return ref, c, offset, data, fault.Field("data", "must be at most %d bytes", task.MaxCheckpointChunk)
	case offset < 0 || offset > c.Size || int64(len(data)) > c.Size-offset:
		return ref, c, offset, data, fault.Field("offset", "must be within the content")
	}
	return ref, c, offset, data, nil
}
