package protocol_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
)

func offers(sizes ...int) []*segnov1.Command {
	all := make([]*segnov1.Command, len(sizes))
	for i, size := range sizes {
		offer := &segnov1.Offer{Task: strings.Repeat("x", size)}
		all[i] = &segnov1.Command{Sequence: uint64(i + 1), Term: 3, Command: &segnov1.Command_Offer{Offer: offer}}
	}
	return all
}

func TestBatchesHaveAllCommandsInTheirOrder(t *testing.T) {
	const large = 200 << 10
	for _, sizes := range [][]int{{}, {1}, {1, 1, 1}, {large, large, large}, {1, large, large, 1, 1}, {2 * large, 1, 2 * large}} {
		commands := offers(sizes...)
		var got []*segnov1.Command
		for _, m := range protocol.Batches(commands) {
			if size := proto.Size(m); size > 300<<10 && m.GetBatch() != nil {
				t.Errorf("%v: a batch has %d bytes", sizes, size)
			}
			if m.GetTerm() != 3 {
				t.Errorf("%v: a message has the term %d", sizes, m.GetTerm())
			}
			if m.GetBatch() == nil {
				got = append(got, m)
				continue
			}
			got = append(got, m.GetBatch().GetCommands()...)
			if last := got[len(got)-1].GetSequence(); m.GetSequence() != last {
				t.Errorf("%v: a batch has the sequence %d, its last command %d", sizes, m.GetSequence(), last)
			}
		}
		if len(got) != len(commands) {
			t.Fatalf("%v: got %d commands, want %d", sizes, len(got), len(commands))
		}
		for i := range got {
			if got[i] != commands[i] {
				t.Errorf("%v: command %d is another one", sizes, i)
			}
		}
	}
	if n := len(protocol.Batches(offers(1, 1, 1))); n != 1 {
		t.Errorf("three small commands go in %d messages", n)
	}
}
