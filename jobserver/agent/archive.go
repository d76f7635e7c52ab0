package agent

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// fetchArchive gets the archive that an attempt runs, from the cache or from the conductor.
func (a *Agent) fetchArchive(e Fetch) FetchDone {
	folder := filepath.Join(a.options.Data, resumeFolder)
	path := filepath.Join(folder, fmt.Sprintf("%s-%d.package", e.Ref.Run, e.Ref.Number))
	if !filepath.IsLocal(filepath.Base(path)) || filepath.Dir(path) != folder {
		return FetchDone{Ref: e.Ref, Err: fault.Field("run", "is no name of a file: %q", e.Ref.Run)}
	}
	var err error
	if failed := os.MkdirAll(folder, 0o700); failed != nil {
		err = &localError{failed}
	} else {
		err = a.packages.take(*e.Archive.Package, path, func(w io.Writer) error { return a.getArchive(e.Ref, e.Archive.Package.Size, w) })
	}
	if err != nil {
		_, local := errors.AsType[*localError](err)
		return FetchDone{Ref: e.Ref, Local: local, Err: fmt.Errorf("fetch version %s of archive %q: %w", e.Archive.Version, e.Archive.Name, err)}
	}
	return FetchDone{Ref: e.Ref, Package: path}
}

// getArchive writes the archive that an attempt runs, piece by piece.
func (a *Agent) getArchive(ref task.Ref, size int64, w io.Writer) error {
	var got int64
	for end := false; !end; {
		data, last, err := a.getArchivePiece(ref, got)
		if err != nil {
			return err
		}
		if got += int64(len(data)); got > size || len(data) == 0 && !last {
			return fmt.Errorf("its content is not of %d bytes: %w", size, fault.Invalid)
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
		end = last
	}
	return nil
}

func (a *Agent) getArchivePiece(ref task.Ref, offset int64) (data []byte, end bool, err error) {
	ctx, cancel := callContext(a.work)
	defer cancel()
	client, at := a.conductors.current()
	res, err := client.GetArchive(ctx, connect.NewRequest(&segnov1.GetArchiveRequest{Attempt: protocol.RefToProto(ref), Offset: offset}))
	if err != nil {
		a.failed("archive", at, err)
		return nil, false, err
	}
	a.succeeded("archive")
	return res.Msg.GetData(), res.Msg.GetEnd(), nil
}
