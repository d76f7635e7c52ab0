package spool

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// Sizes of the format.
const (
	magic = "SEGNOSP1"
	// headSize is length (4), checksum (4), sequence (8), time (8) and kind (1).
	headSize = 25
	// MaxHeader is the most bytes of a header: what an execution may take as JSON.
	MaxHeader = 16 << 20
	// tailSize ends the exit frame: its whole size (4) and exitMark (4). With it the end is found without a scan.
	tailSize = 8
	exitMark = 0x54495845 // "EXIT"
)

type kind uint8

const (
	kindHeader kind = iota + 1
	kindStarted
	kindOutput
	kindProgress
	kindValue
	kindExit
	kindCheckpoint
)

// Header is the first frame of a spool.
type Header struct {
	// BootID is that of the host when the spool was made. With another one now, the host was rebooted meanwhile.
	BootID string `json:"boot_id"`
	// Guard is the one whose keepers the spool is for, or empty.
	Guard     string              `json:"guard,omitempty"`
	CreatedAt time.Time           `json:"created_at"`
	Execution jobserver.Execution `json:"execution"`
}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	// errTorn is a frame that is incomplete or damaged.
	errTorn = errors.New("torn frame")
)

// frame is one decoded frame. Its payload is part of the buffer from which it was decoded.
type frame struct {
	sequence int64
	at       int64
	kind     kind
	payload  []byte
	// size is that of the whole frame.
	size int
}

// frameSize returns the size of the frame whose head begins data, and false where the head is incomplete or says
// something impossible.
func frameSize(data []byte) (int, bool) {
	if len(data) < headSize {
		return 0, false
	}
	n := binary.LittleEndian.Uint32(data)
	if n > MaxHeader {
		return 0, false
	}
	return headSize + int(n), true
}

// decode reads the frame at the begin of data. It returns errTorn where there is no whole, undamaged one.
func decode(data []byte) (frame, error) {
	size, ok := frameSize(data)
	if !ok || size > len(data) {
		return frame{}, errTorn
	}
	if crc32.Checksum(data[8:size], castagnoli) != binary.LittleEndian.Uint32(data[4:]) {
		return frame{}, errTorn
	}
	return frame{
		sequence: int64(binary.LittleEndian.Uint64(data[8:])),
		at:       int64(binary.LittleEndian.Uint64(data[16:])),
		kind:     kind(data[24]),
		payload:  data[headSize:size:size],
		size:     size,
	}, nil
}

// seal fills in the head of the frame that begins at start of buf and reaches to its end.
func seal(buf []byte, start int, k kind, sequence int64, at time.Time) {
	f := buf[start:]
	binary.LittleEndian.PutUint32(f, uint32(len(f)-headSize))
	binary.LittleEndian.PutUint64(f[8:], uint64(sequence))
	binary.LittleEndian.PutUint64(f[16:], uint64(at.UnixNano()))
	f[24] = byte(k)
	binary.LittleEndian.PutUint32(f[4:], crc32.Checksum(f[8:], castagnoli))
}

// record turns a frame into what it stands for.
func (f frame) record() (task.Record, error) {
	r := task.Record{Sequence: f.sequence, At: time.Unix(0, f.at).UTC()}
	var err error
	switch f.kind {
	case kindStarted:
		if len(f.payload) != 4 {
			return r, errTorn
		}
		r.Started = &task.StartedRecord{PID: int(binary.LittleEndian.Uint32(f.payload))}
	case kindOutput:
		if len(f.payload) < 1 {
			return r, errTorn
		}
		r.Output = &task.OutputRecord{Stream: task.Stream(f.payload[0]), Data: f.payload[1:]}
	case kindProgress:
		r.Progress = new(task.Progress)
		err = json.Unmarshal(f.payload, r.Progress)
	case kindValue:
		r.Value = new(task.ValueRecord)
		err = json.Unmarshal(f.payload, r.Value)
	case kindCheckpoint:
		r.Checkpoint = new(task.Checkpoint)
		err = json.Unmarshal(f.payload, r.Checkpoint)
	case kindExit:
		if len(f.payload) < tailSize {
			return r, errTorn
		}
		r.Exit, err = decodeExit(f.payload[:len(f.payload)-tailSize])
	default:
		err = fmt.Errorf("frame of unknown kind %d", f.kind)
	}
	return r, err
}

// decodeHeader reads magic and header at the begin of data, and returns the size of both.
func decodeHeader(data []byte) (Header, int, error) {
	var h Header
	if len(data) < len(magic) || string(data[:len(magic)]) != magic {
		return h, 0, errTorn
	}
	f, err := decode(data[len(magic):])
	if err != nil {
		return h, 0, err
	}
	if f.kind != kindHeader || f.sequence != 0 {
		return h, 0, errTorn
	}
	if plain, ok := plainHeader(f.payload); ok {
		return plain, len(magic) + f.size, nil
	}
	if err := json.Unmarshal(f.payload, &h); err != nil {
		return h, 0, fmt.Errorf("read header of spool: %w", err)
	}
	return h, len(magic) + f.size, nil
}

// wholeHeader returns the size of magic and header of which data is the begin.
func wholeHeader(data []byte) (int, bool) {
	if len(data) < len(magic) {
		return 0, false
	}
	size, ok := frameSize(data[len(magic):])
	return len(magic) + size, ok
}

// readHeader reads magic and header of a file, and returns the size of both and that of the file.
func readHeader(fd int) (h Header, size int, file int64, err error) {
	if file, err = fileSize(fd); err != nil {
		return h, 0, 0, err
	}
	buf := make([]byte, min(file, 4<<10))
	for {
		n, err := pread(fd, buf, 0)
		if err != nil {
			return h, 0, file, err
		}
		if size, ok := wholeHeader(buf[:n]); ok && n == len(buf) && size > n && int64(size) <= file {
			buf = make([]byte, size)
			continue
		}
		h, size, err = decodeHeader(buf[:n])
		return h, size, file, err
	}
}

// encodeHeader is the reverse of decodeHeader.
func encodeHeader(h Header) ([]byte, error) {
	payload, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("write header of spool: %w", err)
	}
	buf := make([]byte, len(magic)+headSize, len(magic)+headSize+len(payload))
	copy(buf, magic)
	buf = append(buf, payload...)
	seal(buf, len(magic), kindHeader, 0, h.CreatedAt)
	return buf, nil
}
