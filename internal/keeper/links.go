package keeper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Links are folders of the image that the process finds in a folder of its own too.
type Links struct {
	From    string `json:"from"`    // the folder that they are in, absolute; it may be missing
	Without string `json:"without"` // those with a file of this pattern are left out
	To      string `json:"to"`      // absolute
}

// make makes links to all folders that are in From, but those whose name is taken.
func (l Links) make() error {
	found, err := filepath.Glob(filepath.Join(l.From, "*"))
	if err != nil {
		return err
	}
	for _, folder := range found {
		info, err := os.Stat(folder)
		if err != nil || !info.IsDir() {
			continue
		}
		if left, err := filepath.Glob(filepath.Join(folder, l.Without)); err != nil || len(left) > 0 {
			continue
		}
		if err := os.Symlink(folder, filepath.Join(l.To, filepath.Base(folder))); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("cannot link %s of the image: %w", filepath.Base(folder), err)
		}
	}
	return nil
}
