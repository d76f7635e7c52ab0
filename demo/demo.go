// Package demo holds the job of Segno's demo, its data, and the set-up that runs it.
// Where the data come from and what they may be used for stands in README.md.
package demo

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Names of what the demo sets up, as demo.yaml has them.
const (
	Task          = "bird-strikes"
	VirtualServer = "demo"
)

// placeholder is the folder named in demo.yaml as it is kept.
const placeholder = "/path/to/demo"

//go:embed demo.yaml strikes.sh birdstrikes.csv.gz
var files embed.FS

// Write puts the job, its data and its set-up into the folder, which must exist, and returns the path of the set-up.
// The set-up names the files by their absolute paths.
func Write(folder string) (setup string, err error) {
	folder, err = filepath.Abs(folder)
	if err != nil {
		return "", fmt.Errorf("write the demo: %w", err)
	}
	entries, err := files.ReadDir(".")
	if err != nil {
		return "", fmt.Errorf("write the demo: %w", err)
	}
	for _, entry := range entries {
		content, err := files.ReadFile(entry.Name())
		if err != nil {
			return "", fmt.Errorf("write the demo: %w", err)
		}
		if entry.Name() == "demo.yaml" {
			content = []byte(strings.ReplaceAll(string(content), placeholder, folder))
		}
		if err := os.WriteFile(filepath.Join(folder, entry.Name()), content, 0o644); err != nil {
			return "", fmt.Errorf("write the demo: %w", err)
		}
	}
	return filepath.Join(folder, "demo.yaml"), nil
}
