package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// signature is how a change can be told from others once it is committed: by an id in the last row it locked, before those of the changes
// that came upon that row earlier.
type signature struct {
	at     Lock
	before string // the ids that were there
	id     string
}

// sign writes a change id into the last row of the scope, or into changeRow if that row is gone.
func (t *Tx) sign(last Lock, before string) (signature, error) {
	s := signature{at: last, before: before, id: newChangeID()}
	err := t.write(s)
	if errors.Is(err, ErrNotFound) {
		s.at = changeRow
		if s.before, err = t.lock(s.at); err == nil {
			err = t.write(s)
		}
	}
	return s, err
}

func (t *Tx) write(s signature) error {
	at := lockable[s.at.Table]
	ids := append([]string{s.id}, strings.Fields(s.before)...)
	ids = ids[:min(len(ids), t.dialect.changes)]
	return t.put("UPDATE "+string(s.at.Table)+" SET "+at.change+" = ? WHERE "+at.key+" = ?", strings.Join(ids, " "), s.at.Key)
}

// in reports whether the change is done, by the ids that its row remembers now. It is not known where more changes came upon the row since
// than it remembers: then neither our id is there nor the one that was there before us.
func (s signature) in(now string) (done, known bool) {
	ids, before := strings.Fields(now), strings.Fields(s.before)
	if slices.Contains(ids, s.id) {
		return true, true
	}
	if len(before) == 0 {
		return false, len(ids) == 0
	}
	return false, slices.Contains(ids, before[0])
}

// resolve finds out whether a commit that failed with cause is done after all.
func (s *Store) resolve(ctx context.Context, was signature, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.dialect.resolve)
	defer cancel()
	var now string
	err := s.repeated(ctx, func() (error, error) {
		var err error
		now, err = s.changes(ctx, was.at)
		return err, err
	})
	done, known := was.in(now)
	switch {
	case err == nil && done:
		s.log.WarnContext(ctx, "commit reported an error but is done", "table", was.at.Table, "error", cause)
		return nil
	case err == nil && known:
		return fmt.Errorf("cannot commit: %w", cause)
	}
	s.log.ErrorContext(ctx, "commit failed and cannot be read back", "table", was.at.Table, "error", cause, "read", err)
	return fmt.Errorf("%w: %w; reading it back: %w", ErrUnknown, cause, err)
}

// changes reads which change ids a row remembers. The row is locked for it: while the transaction that is asked for is still about to commit,
// somewhere behind a cut connection, this waits.
func (s *Store) changes(ctx context.Context, at Lock) (string, error) {
	if s.dialect.locks == "" {
		var found string
		err := s.Read(ctx, func(tx *Tx) (err error) {
			found, err = tx.lock(at)
			return err
		})
		return found, err
	}
	tx, err := s.begin(ctx)
	if err != nil {
		return "", err
	}
	defer tx.rollback()
	return tx.lock(at)
}

// newChangeID makes 32 hex digits.
func newChangeID() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
