package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"drey/internal/daemon"
)

// settings are what a user keeps: contexts, and values for where nothing else says otherwise.
type settings struct {
	Current  string            `yaml:"current,omitempty"`
	Contexts map[string]place  `yaml:"contexts,omitempty"`
	Defaults map[string]string `yaml:"defaults,omitempty"`
}

// place is a context: a server, and where on it commands work. It holds no secret: those are in the connection file.
type place struct {
	Connection   string `yaml:"connection,omitempty" json:"connection,omitempty"` // file
	Server       string `yaml:"server,omitempty" json:"server,omitempty"`         // URL, where there is no connection file
	CA           string `yaml:"ca,omitempty" json:"ca,omitempty"`                 // file
	Subscription string `yaml:"subscription,omitempty" json:"subscription,omitempty"`
	Group        string `yaml:"group,omitempty" json:"group,omitempty"`
	Pool         string `yaml:"pool,omitempty" json:"pool,omitempty"`
	Confirm      string `yaml:"confirm,omitempty" json:"confirm,omitempty"` // confirmAlways or ""
}

const confirmAlways = "always"

// setting is a value that a flag, the environment, the context or the user's defaults give, in this order.
type setting struct {
	name, flag, variable, builtIn string
	among                         []string // the values there are; nil = any
	given                         func(*flags) string
	of                            func(place) string // what a context says
}

var nothing = func(place) string { return "" }

// settable is every setting, as `drey config` lists them.
var settable = []setting{
	{"subscription", "--subscription", "DREY_SUBSCRIPTION", "", nil, func(f *flags) string { return f.subscription }, func(p place) string { return p.Subscription }},
	{"group", "--resource-group", "DREY_GROUP", "", nil, func(f *flags) string { return f.group }, func(p place) string { return p.Group }},
	{"pool", "--pool", "DREY_POOL", "", nil, func(f *flags) string { return f.pool }, func(p place) string { return p.Pool }},
	{"cluster", "--name", "DREY_CLUSTER", "", nil, func(f *flags) string { return f.name }, nothing},
	{"output", "--output", "DREY_OUTPUT", outTable, outputs, func(f *flags) string { return f.output }, nothing},
	{"time", "--time", "DREY_TIME", clockRelative, clocks, func(f *flags) string { return f.time }, nothing},
	{"color", "--color", "DREY_COLOR", colorAuto, colors, func(f *flags) string { return f.color }, nothing},
}

func settingOf(name string) (setting, error) {
	i := slices.IndexFunc(settable, func(s setting) bool { return s.name == name })
	if i < 0 {
		var names []string
		for _, s := range settable {
			names = append(names, s.name)
		}
		return setting{}, usage("they are "+strings.Join(names, ", "), "there is no setting %q: did you mean %s?", name, daemon.Nearest(name, names))
	}
	return settable[i], nil
}

// check refuses a value that the setting cannot have.
func (s setting) check(value, from string) error {
	if s.among == nil || slices.Contains(s.among, value) {
		return nil
	}
	return usage("did you mean "+daemon.Nearest(value, s.among)+"?", "%s %q (%s) is none of %s", s.name, value, from, strings.Join(s.among, ", "))
}

// value is what holds for a setting, and who says so.
func (a *app) value(s setting) (value, origin string) {
	if v := s.given(&a.flags); v != "" {
		return v, s.flag
	}
	if v := os.Getenv(s.variable); v != "" {
		return v, s.variable
	}
	if s.name == "color" && os.Getenv("NO_COLOR") != "" {
		return colorNever, "NO_COLOR"
	}
	if s.name == "color" && os.Getenv("CLICOLOR_FORCE") != "" {
		return colorAlways, "CLICOLOR_FORCE"
	}
	if v := s.of(a.place); v != "" {
		return v, "context " + a.context
	}
	if v := a.settings.Defaults[s.name]; v != "" {
		return v, "settings"
	}
	return s.builtIn, "built in"
}

// named is the value of a setting that is there.
func (a *app) named(name string) string {
	s, err := settingOf(name)
	if err != nil {
		return ""
	}
	v, _ := a.value(s)
	return v
}

// settle reads the user's settings and decides what holds for this run.
func (a *app) settle() error {
	if a.now == nil {
		a.now = time.Now
	}
	if a.sleep == nil {
		a.sleep = sleep
	}
	if a.flags.timeout <= 0 {
		return usage("for example --timeout 5m", "--timeout %v: it must be more than nothing", a.flags.timeout)
	}
	var err error
	if a.settings, err = readSettings(); err != nil {
		return err
	}
	a.context = a.flags.context
	if first(a.flags.context, a.flags.connection, os.Getenv("DREY_CONNECTION"), os.Getenv("DREY_SERVER")) == "" { // else another server is meant
		a.context = first(os.Getenv("DREY_CONTEXT"), a.settings.Current)
	}
	a.place = a.settings.Contexts[a.context]
	for _, s := range settable {
		v, origin := a.value(s)
		if err := s.check(v, origin); err != nil {
			return err
		}
	}
	a.output, a.clock = a.named("output"), a.named("time")
	a.color = a.colorOn(a.errTTY)
	a.colored = a.colorOn(a.outTTY)
	return nil
}

// The words of --color.
const (
	colorAuto   = "auto"
	colorAlways = "always"
	colorNever  = "never"
)

var colors = []string{colorAuto, colorAlways, colorNever}

func (a *app) colorOn(terminal bool) bool {
	word := a.named("color")
	return word == colorAlways || word == colorAuto && terminal
}

func noContext(name string) error {
	return usage("`drey context list` shows them, `drey context set "+name+"` makes one", "there is no context %q", name)
}

// settingsFile is where the settings lie.
func settingsFile() (string, error) {
	if file := os.Getenv("DREY_CONFIG"); file != "" {
		return filepath.Abs(file)
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for settings: %w", err)
	}
	return filepath.Join(dir, "drey", "config.yaml"), nil
}

func readSettings() (s settings, err error) {
	file, err := settingsFile()
	if err != nil {
		return s, nil // no home: no settings
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("cannot read the settings: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&s); err != nil && !errors.Is(err, io.EOF) {
		return s, usage("mend it, or remove it", "%s cannot be understood: %v", file, err)
	}
	return s, nil
}

// keep writes the settings: whole or not at all, and for this user only.
func (a *app) keep() error {
	file, err := settingsFile()
	if err != nil {
		return err
	}
	text, err := yaml.Marshal(a.settings)
	if err != nil {
		return fmt.Errorf("cannot write the settings: %w", err)
	}
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot write the settings: %w", err)
	}
	tmp, err := os.CreateTemp(dir, ".config-*") // 0600
	if err != nil {
		return fmt.Errorf("cannot write the settings: %w", err)
	}
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("cannot write the settings: %w", err)
	}
	return nil
}
