package storage

import (
	"testing"

	"drey/internal/cluster"
)

func TestAScriptIsFrozenByItsContentIfItIsAText(t *testing.T) {
	t.Parallel()
	m, _ := mounted(t)
	folder := uri(t, account+"/id/jars")
	for why, tt := range map[string]struct{ text, code string }{
		"a script": {"INSERT INTO a SELECT 'ä' FROM b;\n", ""},
		"binary":   {"PK\x03\x04\x00", "InvalidScript"},
		"no UTF-8": {"SELECT '\xff'", "InvalidScript"},
		"empty":    {" \n", "InvalidScript"},
	} {
		put(t, m, account+"/sql/a.sql", tt.text)
		staged, err := m.StageScript(t.Context(), uri(t, account+"/sql/a.sql"), folder, ".sql")
		if e := cluster.AsError(err); tt.code != "" && (e == nil || e.Code != tt.code) || tt.code == "" && err != nil {
			t.Errorf("%s: got %v, want %q", why, err, tt.code)
		}
		if tt.code != "" {
			continue
		}
		if text, err := m.Read(t.Context(), folder.Join(staged.SHA256+".sql"), maxScript); err != nil || string(text) != tt.text {
			t.Errorf("%s: frozen as %q (%v)", why, text, err)
		}
	}
}
