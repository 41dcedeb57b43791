package flink

import (
	"context"
	"strconv"
)

// TaskManagers are the registered TaskManagers: by resource id, the address of the process that registered under it last.
func (c *Client) TaskManagers(ctx context.Context) (map[string]string, error) {
	var answer struct {
		TaskManagers []struct {
			ID   string `json:"id"`
			Path string `json:"path"` // pekko.tcp://flink@host:port/…; the port is the process's own
		} `json:"taskmanagers"`
	}
	if err := c.get(ctx, &answer, "taskmanagers"); err != nil {
		return nil, err
	}
	registered := make(map[string]string, len(answer.TaskManagers))
	for _, t := range answer.TaskManagers {
		registered[clip(t.ID, maxName)] = clip(t.Path, maxPath)
	}
	return registered, nil
}

// TaskManagerID is the resource id of a TaskManager by its index: the same for every process that takes its place.
func TaskManagerID(index int) string { return "tm-" + strconv.Itoa(index) }
