package cli

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"drey/internal/arm/v20261101"
)

// What would be done to a resource.
const (
	actCreate = "create"
	actChange = "change"
	actKeep   = "keep"
)

// planned is what a PUT of a resource would do.
type planned struct {
	Act     string       `json:"act"`
	Kind    string       `json:"kind"`
	Name    string       `json:"name"`
	Effect  string       `json:"effect,omitempty"` // on the running job, as the server predicts it
	Changes []difference `json:"changes,omitempty"`

	of   resource
	etag string
}

// filePlan is what applying files would do.
type filePlan struct {
	ID        string    `json:"id"` // of the files and of what the server has: another id is another plan
	Resources []planned `json:"resources"`
}

// count is how many resources have this act.
func (p filePlan) count(act string) (n int) {
	for _, r := range p.Resources {
		if r.Act == act {
			n++
		}
	}
	return n
}

// changes reports whether applying would do something.
func (p filePlan) changes() bool { return p.count(actKeep) < len(p.Resources) }

// planFiles compares what files declare with what the server has.
func (s *session) planFiles(ctx context.Context, from []string) (p filePlan, err error) {
	all, err := s.declarations(from)
	if err != nil {
		return p, err
	}
	sum := sha256.New()
	p.Resources = []planned{}
	for _, r := range all {
		one, err := s.planOne(ctx, r)
		if err != nil {
			return p, what(err, "Cannot compare %s %s", r.kind, r.name)
		}
		p.Resources = append(p.Resources, one)
		text, err := jsonOf(r.body) // keys in order
		if err != nil {
			return p, err
		}
		fmt.Fprintf(sum, "%s %s %s %s\n", r.path, r.version, one.etag, text)
	}
	p.ID = fmt.Sprintf("%x", sum.Sum(nil))[:12]
	return p, nil
}

func (s *session) planOne(ctx context.Context, r resource) (planned, error) {
	p := planned{Act: actKeep, Kind: r.kind, Name: r.name, of: r}
	a, err := s.do(ctx, request{method: http.MethodGet, path: r.path})
	if gone(err) {
		p.Act = actCreate
		return p, nil
	} else if err != nil {
		return p, err
	}
	now, err := declared(a.body)
	if err != nil {
		return p, err
	}
	p.etag = a.header.Get("ETag")
	p.Changes = append(compare(now, r), s.secretChanges(ctx, r, now)...)
	switch state := provisioningOf(a.body); {
	case len(p.Changes) > 0:
		p.Act = actChange
		p.Effect = s.effect(ctx, r, a.body, p.Changes)
	case state == "Failed" || state == "Canceled": // the same declaration is another try (R16)
		p.Act = actChange
		p.Effect = "once more: the last change ended " + state
	}
	return p, nil
}

func provisioningOf(body []byte) string {
	var r struct {
		Properties struct{ ProvisioningState string }
	}
	_ = json.Unmarshal(body, &r) // it was read before
	return r.Properties.ProvisioningState
}

// compare says what a PUT of r would change. What r's api-version does not know stays; what it does not echo is left to
// [session.secretChanges], or not compared.
func compare(now map[string]any, r resource) []difference {
	wanted := maps.Clone(r.body)
	if text, err := jsonOf(wanted); err == nil {
		wanted, _ = declared(text)
	}
	before, after := map[string]string{}, map[string]string{}
	leaves(now, "", before)
	leaves(wanted, "", after)
	union := maps.Clone(before)
	maps.Copy(union, after)
	var found []difference
	for _, at := range sortedKeys(union) {
		old, new := before[at], after[at]
		switch {
		case old == new, old == masked && new != "", strings.HasSuffix(at, ".storage.storagekey"),
			at == "location" && plainLocation(old) == plainLocation(new),
			r.version != apiVersion && strings.HasPrefix(at, flinkProfile+"flinkConfiguration."):
		default:
			if new != "" && secretAt(at) {
				new = masked
			}
			found = append(found, difference{at, old, new})
		}
	}
	return found
}

func plainLocation(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "")) }

// leaves are the plain values of v, by their places.
func leaves(v any, at string, into map[string]string) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for name, below := range v {
			leaves(below, strings.TrimPrefix(at+"."+name, "."), into)
		}
	case []any:
		for i, below := range v {
			leaves(below, fmt.Sprintf("%s[%d]", at, i), into)
		}
	default:
		into[at] = raw(v)
	}
}

// effect asks the server what a change of the job's part would do to the job that runs; "" where it is not asked or does not know.
func (s *session) effect(ctx context.Context, r resource, current json.RawMessage, changes []difference) string {
	ofJob := slices.ContainsFunc(changes, func(d difference) bool {
		return strings.HasPrefix(d.Field, flinkProfile+"jobSpec.") || strings.HasPrefix(d.Field, flinkProfile+"flinkConfiguration.")
	})
	var now, then v20261101.Cluster
	text, err := jsonOf(r.body)
	if err != nil || !ofJob || r.kind != "cluster" || json.Unmarshal(current, &now) != nil || json.Unmarshal(text, &then) != nil || now.Properties.Status != "Running" {
		return ""
	}
	flink := then.Properties.ClusterProfile.FlinkProfile
	if flink == nil || flink.JobSpec == nil {
		return ""
	}
	j := flink.JobSpec
	plan, err := s.plan(ctx, r.path, jobRequest{Action: "UPDATE", JobJarDirectory: j.JobJarDirectory, JarName: j.JarName, EntryClass: j.EntryClass, Args: j.Args, FlinkConfiguration: flink.FlinkConfiguration})
	if err != nil || len(plan.Ways) == 0 {
		return ""
	}
	way := plan.Ways[0]
	return fmt.Sprintf("%s, gap about %.1f s, %s", strings.ToLower(way.Action), way.GapSeconds, way.Price)
}

// marks are how people see an act.
var marks = map[string]string{actCreate: "+", actChange: "~", actKeep: "="}

// rows of a plan: one for each change, and one for each resource without any.
func (p filePlan) rows() (rows [][]any) {
	for _, one := range p.Resources {
		if len(one.Changes) == 0 {
			rows = append(rows, []any{one.Name, one.Kind, one.Act, "", "", ""})
		}
		for _, d := range one.Changes {
			rows = append(rows, []any{one.Name, one.Kind, one.Act, d.Field, d.From, d.To})
		}
	}
	return rows
}

// text is a plan for people.
func (p filePlan) text() string {
	var b strings.Builder
	for _, one := range p.Resources {
		fmt.Fprintf(&b, "%s %s %s", marks[one.Act], one.Kind, clean(one.Name))
		switch {
		case one.Effect != "":
			b.WriteString("    " + clean(one.Effect))
		case one.Act == actCreate:
			b.WriteString("    new")
		}
		b.WriteByte('\n')
		for _, d := range one.Changes {
			fmt.Fprintf(&b, "    %s  %s → %s\n", clean(d.Field), first(clean(d.From), "(none)"), first(clean(d.To), "(none)"))
		}
	}
	fmt.Fprintf(&b, "Plan: %d to add, %d to change, %d as declared. Nothing is deleted.", p.count(actCreate), p.count(actChange), p.count(actKeep))
	return b.String()
}
