// Package version holds the one version string of Segno's programs.
package version

// Version is what --version prints. A release sets it at build time:
//
//	go build -ldflags "-X github.com/segno-jobs/segno/internal/version.Version=1.2.3"
var Version = "dev"
