package kube

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestTheLastUserEndsIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "users")
	var users []user
	for range 3 {
		u, err := enter(path)
		if err != nil {
			t.Fatal(err)
		}
		users = append(users, u)
	}
	ended := 0
	end := func() error { ended++; return errors.New("said at the end") }
	for i, u := range users {
		err := u.leave(end)
		if last := i == len(users)-1; last != (ended == 1) || last != (err != nil) {
			t.Errorf("after user %d left it was ended %d times: %v", i+1, ended, err)
		}
	}
	u, err := enter(path)
	if err == nil {
		_ = u.leave(end)
	}
	if err != nil || ended != 2 {
		t.Errorf("the next user ended it %d times: %v", ended-1, err)
	}
}
