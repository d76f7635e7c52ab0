package store_test

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/segno-jobs/segno/task"
)

// checkpointOf describes a checkpoint with that content.
func checkpointOf(sequence int, content []byte) task.Checkpoint {
	sum := sha256.Sum256(content)
	return task.Checkpoint{
		Sequence: sequence, Name: "loaded", Step: 1, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
	}
}
