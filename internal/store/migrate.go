package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// migrate brings the tables up to date. Tables of a newer Drey are refused: this one does not know what they mean.
func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations/"+s.dialect.name)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(s.dialect.goose, s.writer, files,
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(s.log))
	if err != nil {
		return fmt.Errorf("cannot read the migrations: %w", err)
	}
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("cannot read the version of its tables: %w", err)
	}
	if have > want {
		return fmt.Errorf("its tables are version %d, this Drey knows up to %d; start the newer Drey again or restore an older backup", have, want)
	}
	done, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("cannot migrate from version %d to %d: %w", have, want, err)
	}
	if len(done) > 0 {
		s.log.InfoContext(ctx, "database migrated", "from", have, "to", want)
	}
	return nil
}
