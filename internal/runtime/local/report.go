package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// Report implements [runtime.Runtime].
func (r *Runtime) Report(_ context.Context, id runtime.IncarnationID) ([]byte, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(r.folder(id).path(gateFolder), keeper.ReportFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open the report of incarnation %s: %w", id, err)
	}
	defer f.Close()
	report, err := io.ReadAll(io.LimitReader(f, runtime.MaxReportBytes+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the report of incarnation %s: %w", id, err)
	}
	if len(report) > runtime.MaxReportBytes {
		return nil, fmt.Errorf("the report of incarnation %s is longer than %d bytes", id, runtime.MaxReportBytes)
	}
	return report, nil
}
