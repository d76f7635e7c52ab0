package agent

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// startsFile holds the count of the newest start of the agent.
const startsFile = "starts"

// newInstance names this start of the agent such that it sorts after the names of all starts before, also where the clock
// was set back. A data folder that is new, and a count that cannot be kept, leave it to the clock; err says so.
func newInstance(data string, now time.Time) (name string, err error) {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	path := filepath.Join(data, startsFile)
	last, err := lastStart(path)
	count := max(last+1, uint64(max(0, now.UnixMicro())))
	name = jobserver.InstanceName(count, hex.EncodeToString(b[:]))
	if err == nil {
		err = keepStart(path, count)
	}
	if err != nil {
		return name, fmt.Errorf("count the starts of the agent: %w", err)
	}
	return name, nil
}

func lastStart(path string) (uint64, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
}

// keepStart writes the count in one piece. It need not outlive a loss of power: the clock is a second ground for the order.
func keepStart(path string, count uint64) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, []byte(strconv.FormatUint(count, 10)+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
