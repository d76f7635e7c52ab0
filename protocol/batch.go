package protocol

import (
	"google.golang.org/protobuf/proto"

	"github.com/segno-jobs/segno/protocol/segnov1"
)

// batchMost is about how many bytes of commands go in one message.
const batchMost = 256 << 10

// Batches returns messages that carry all of the commands in their order, as many together as a message should have. A
// command that is alone stays as it is.
func Batches(commands []*segnov1.Command) []*segnov1.Command {
	if len(commands) < 2 {
		return commands
	}
	var messages []*segnov1.Command
	for first, size := 0, 0; first < len(commands); size = 0 {
		next := first
		for next < len(commands) {
			if size += proto.Size(commands[next]); size > batchMost && next > first {
				break
			}
			next++
		}
		m := commands[first]
		if next-first > 1 {
			m = &segnov1.Command{
				Sequence: commands[next-1].GetSequence(), Term: m.GetTerm(),
				Command: &segnov1.Command_Batch{Batch: &segnov1.Batch{Commands: commands[first:next]}},
			}
		}
		messages = append(messages, m)
		first = next
	}
	return messages
}
