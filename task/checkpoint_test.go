package task_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

func soundCheckpoint() task.Checkpoint {
	return task.Checkpoint{Run: "r1", Sequence: 1, Attempt: 1, Name: "orders loaded", SHA256: strings.Repeat("0f", 32)}
}

func TestSoundCheckpointsAreAccepted(t *testing.T) {
	for name, change := range map[string]func(c *task.Checkpoint){
		"as it is":        func(*task.Checkpoint) {},
		"the longest":     func(c *task.Checkpoint) { c.Name, c.Label = strings.Repeat("x", 200), strings.Repeat("y", 200) },
		"the largest":     func(c *task.Checkpoint) { c.Size, c.Step = task.MaxCheckpointSize, task.MaxSteps },
		"instructions":    func(c *task.Checkpoint) { c.Instructions = "Call the desk.\nThen\trecover." },
		"letters of ours": func(c *task.Checkpoint) { c.Name = "Aufträge geladen" },
	} {
		c := soundCheckpoint()
		change(&c)
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACheckpointIsRefusedWithTheFieldThatIsWrong(t *testing.T) {
	for _, c := range []struct {
		field  string
		change func(c *task.Checkpoint)
	}{
		{"name", func(c *task.Checkpoint) { c.Name = " " }},
		{"name", func(c *task.Checkpoint) { c.Name = strings.Repeat("x", 201) }},
		{"name", func(c *task.Checkpoint) { c.Name = "a\nSEGNO_X=1" }},
		{"name", func(c *task.Checkpoint) { c.Name = "a\x00" }},
		{"label", func(c *task.Checkpoint) { c.Label = "a\x1b[0m" }},
		{"label", func(c *task.Checkpoint) { c.Label = strings.Repeat("x", 201) }},
		{"instructions", func(c *task.Checkpoint) { c.Instructions = strings.Repeat("x", 4097) }},
		{"instructions", func(c *task.Checkpoint) { c.Instructions = "\xff" }},
		{"sequence", func(c *task.Checkpoint) { c.Sequence = 0 }},
		{"step", func(c *task.Checkpoint) { c.Step = -1 }},
		{"step", func(c *task.Checkpoint) { c.Step = task.MaxSteps + 1 }},
		{"size", func(c *task.Checkpoint) { c.Size = task.MaxCheckpointSize + 1 }},
		{"size", func(c *task.Checkpoint) { c.Size = -1 }},
		{"sha256", func(c *task.Checkpoint) { c.SHA256 = "" }},
		{"sha256", func(c *task.Checkpoint) { c.SHA256 = strings.Repeat("0F", 32) }},
		{"sha256", func(c *task.Checkpoint) { c.SHA256 = strings.Repeat("0g", 32) }},
	} {
		wrong := soundCheckpoint()
		c.change(&wrong)
		err := wrong.Validate()
		if fields := fault.Fields(err); !errors.Is(err, fault.Invalid) || len(fields) != 1 || fields[0].Field != c.field {
			t.Errorf("got %v, want one fault of %s", err, c.field)
		}
	}
}

func TestAnAttemptMakesOnlySoManyCheckpoints(t *testing.T) {
	if err := task.CheckCheckpointNumber(task.MaxCheckpoints - 1); err != nil {
		t.Error(err)
	}
	if err := task.CheckCheckpointNumber(task.MaxCheckpoints); !errors.Is(err, fault.TooLarge) || !strings.Contains(err.Error(), "10000") {
		t.Errorf("got %v, want the limit said", err)
	}
}

func TestTheLastCheckpointsAndThoseWithALabelAreKept(t *testing.T) {
	var all []task.Checkpoint
	for i := 1; i <= 30; i++ {
		c := task.Checkpoint{Sequence: i}
		if i == 3 {
			c.Label = "month closed"
		}
		all = append(all, c)
	}
	sequences := func(cs []task.Checkpoint) (out []int) {
		for _, c := range cs {
			out = append(out, c.Sequence)
		}
		return out
	}
	last := []int{21, 22, 23, 24, 25, 26, 27, 28, 29, 30}
	if got, want := sequences(task.Kept(all, 0)), append([]int{3}, last...); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := sequences(task.Kept(all, 7)), append([]int{3, 7}, last...); !slices.Equal(got, want) {
		t.Errorf("with an attempt on 7: got %v, want %v", got, want)
	}
	if len(all) != 30 || all[0].Sequence != 1 {
		t.Error("the argument was changed")
	}
	if got := task.Kept(all[:4], 0); len(got) != 4 {
		t.Errorf("of four: got %v", sequences(got))
	}
	if got := task.Kept(nil, 0); len(got) != 0 {
		t.Errorf("of none: got %v", got)
	}
}
