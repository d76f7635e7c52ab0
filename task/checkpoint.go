package task

import (
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/segno-jobs/segno/internal/fault"
)

// Limits that only the checks of checkpoints and of a step's kept files need.
const (
	// MaxCheckpointLabel is in bytes, as MaxCheckpointName and MaxInstructions are.
	MaxCheckpointLabel = 200
	// MaxKeep is how many patterns one step may have, MaxKeepPattern the length of one.
	MaxKeep        = 64
	MaxKeepPattern = 1024
)

// Validate returns nil if the checkpoint may be stored, else its faults: joined field errors of kind fault.Invalid. It
// looks at what the job said of it, its name, label and instructions, and at its numbers, size and hash.
func (c Checkpoint) Validate() error {
	var found problems
	found.add(CheckCheckpoint(c.Name, c.Label, c.Instructions))
	if c.Sequence < 1 {
		found.addf("sequence", "must be at least 1, not %d", c.Sequence)
	}
	if c.Step < 0 || c.Step > MaxSteps {
		found.addf("step", "must be from 0 to %d, not %d", MaxSteps, c.Step)
	}
	if c.Size < 0 || c.Size > MaxCheckpointSize {
		found.addf("size", "must be from 0 to %s, not %d bytes", Bytes(MaxCheckpointSize), c.Size)
	}
	if sum, err := hex.DecodeString(c.SHA256); err != nil || len(sum) != 32 || strings.ToLower(c.SHA256) != c.SHA256 {
		found.addf("sha256", "must be 64 lower-case hexadecimal digits")
	}
	return found.join()
}

// CheckCheckpoint returns nil if a job may give a checkpoint this name, label and failure instructions, else field
// errors. The name is one line that is not blank; the label may be empty; the instructions may have several lines.
func CheckCheckpoint(name, label, instructions string) error {
	var found problems
	if strings.TrimSpace(name) == "" {
		found.addf("name", "must not be blank")
	}
	found.add(checkLine("name", name, MaxCheckpointName))
	found.add(checkLine("label", label, MaxCheckpointLabel))
	found.add(CheckText("instructions", instructions, MaxInstructions))
	return found.join()
}

// CheckCheckpointNumber returns nil if an attempt that has made that many checkpoints may make a further one, else an
// error of kind fault.TooLarge.
func CheckCheckpointNumber(made int) error {
	if made >= MaxCheckpoints {
		return fmt.Errorf("an attempt may make at most %d checkpoints: %w", MaxCheckpoints, fault.TooLarge)
	}
	return nil
}

// checkLine is CheckText for what stands on one line: in an environment variable, a header, or a list.
func checkLine(field, text string, limit int) error {
	if err := CheckText(field, text, limit); err != nil {
		return err
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return fault.Field(field, "must be one line without control characters")
	}
	return nil
}

// Kept returns which of a run's visible checkpoints are kept, in their order: the last KeptCheckpoints, those with a
// label, and the one with the sequence resumed from, from which an open attempt may still be fetching, 0 for none.
func Kept(all []Checkpoint, resumedFrom int) []Checkpoint {
	sequences := make([]int, len(all))
	for i, c := range all {
		sequences[i] = c.Sequence
	}
	slices.Sort(sequences)
	oldest := sequences[max(0, len(sequences)-KeptCheckpoints):]
	return slices.DeleteFunc(slices.Clone(all), func(c Checkpoint) bool {
		return c.Label == "" && c.Sequence != resumedFrom && c.Sequence < oldest[0]
	})
}

// validKeep checks the patterns of a step's kept files: of package path, relative to the working directory, and
// without "..".
func validKeep(field string, patterns []string) error {
	if len(patterns) > MaxKeep {
		return fault.Field(field, "must be at most %d patterns, not %d", MaxKeep, len(patterns))
	}
	var found problems
	for i, p := range patterns {
		found.add(validPattern(fmt.Sprintf("%s[%d]", field, i), p))
	}
	return found.join()
}

func validPattern(field, p string) error {
	if err := checkLine(field, p, MaxKeepPattern); err != nil {
		return err
	}
	switch {
	case p == "":
		return fault.Field(field, "must not be empty")
	case path.IsAbs(p):
		return fault.Field(field, "must be relative to the working directory, not %.40q", p)
	case slices.Contains(strings.Split(p, "/"), ".."):
		return fault.Field(field, "must not lead out of the working directory by ..")
	}
	if _, err := path.Match(p, ""); err != nil {
		return fault.Field(field, `must be a pattern such as "state/*.json", not %.40q`, p)
	}
	return nil
}
