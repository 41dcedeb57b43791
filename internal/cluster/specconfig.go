package cluster

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The one configuration file that users set: these names also for Flink 2.x (R21).
const (
	flinkService   = "flink-operator"
	flinkComponent = "flink-configs"
	flinkConf      = "flink-conf.yaml"
)

func isFlinkConf(service, component, file string) bool {
	return strings.EqualFold(service, flinkService) && strings.EqualFold(component, flinkComponent) && strings.EqualFold(file, flinkConf)
}

const (
	maxConfigKeys  = 1000
	maxConfigKey   = 512
	maxConfigValue = 8 << 10
)

func (l *faultList) checkServiceConfigs(services []ServiceConfig, base StorageURI, facts FlinkFacts, lim Limits) {
	const known = "A Flink cluster has the service flink-operator, with the component flink-configs, with the file flink-conf.yaml."
	seen := false
	for i, s := range services {
		at := indexed(atProfile+".serviceConfigsProfiles", i)
		if !strings.EqualFold(s.ServiceName, flinkService) {
			l.add(codeInvalidSpec, at+".serviceName", "There is no service %q. %s", clip(s.ServiceName, 64), known)
			continue
		}
		for j, c := range s.Configs {
			at := indexed(at+".configs", j)
			if !strings.EqualFold(c.Component, flinkComponent) {
				l.add(codeInvalidSpec, at+".component", "There is no component %q. %s", clip(c.Component, 64), known)
				continue
			}
			for k, f := range c.Files {
				at := indexed(at+".files", k)
				switch {
				case !strings.EqualFold(f.FileName, flinkConf):
					l.add(codeInvalidSpec, at+".fileName", "There is no file %q. %s", clip(f.FileName, 64), known)
				case f.Content != "":
					l.add(codeInvalidSpec, at+".content", "%s is given by its values, not as content.", flinkConf)
				case seen:
					l.add(codeInvalidSpec, at+".fileName", "%s is given twice.", flinkConf)
				default:
					seen = true
					l.checkConfig(at+".values", f.Values, base, facts, lim)
				}
			}
		}
	}
}

// keyForm leaves nothing in a key that could end a line or begin another one in a configuration file.
var keyForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.$/-]*$`)

// checkConfig checks a user's configuration map. Faults name the key as it was sent.
func (l *faultList) checkConfig(at string, config map[string]string, base StorageURI, facts FlinkFacts, lim Limits) {
	if len(config) > maxConfigKeys {
		l.add(codeInvalidConfig, at, "At most %d keys.", maxConfigKeys)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(config)) {
		value, target := config[key], at+"."+clip(key, 128)
		switch {
		case len(key) > maxConfigKey || !keyForm.MatchString(key):
			l.add(codeInvalidConfig, at, "%q is not a configuration key: letters, digits and . - _ $ / only.", clip(key, 64))
			continue
		case len(value) > maxConfigValue || !utf8.ValidString(value) || strings.ContainsFunc(value, isLineBreaker):
			l.add(codeInvalidConfig, target, "A value is one line of at most %d bytes without control characters.", maxConfigValue)
			continue
		}
		canonical := CanonicalKey(key)
		if class, reason := facts.classify(canonical, value); class == KeyRefused {
			l.add(codeReservedKey, target, "%s cannot be set: %s", key, reason)
			continue
		}
		l.addAt(target, checkValue(canonical, value, base, lim))
	}
	_, _, fault := LogAggregationOf(config, lim)
	if fault != nil {
		l.addAt(at+"."+fault.Target, fault)
	}
}

func isLineBreaker(r rune) bool {
	return unicode.IsControl(r) && r != '\t' || r == '\u2028' || r == '\u2029'
}

// checkValue checks the values that the rules themselves read; all others are Flink's to judge.
func checkValue(key, value string, base StorageURI, lim Limits) *Fault {
	switch key {
	case KeyParallelism, KeySlots:
		if n, err := strconv.Atoi(value); err != nil || n < 1 || n > 1<<15 {
			return &Fault{Code: codeInvalidConfig, Message: "A whole number between 1 and 32768."}
		}
	case KeySavepoints, KeyCheckpoints:
		if value == "" || base == (StorageURI{}) {
			return nil // the default; or storageUri is wrong, which is said elsewhere
		}
		u, err := ParseURI(value, base, lim.StorageSuffixes...)
		if e := AsError(err); e != nil {
			f := e.Fault("")
			return &f
		}
		return lim.misplaced(u, "The folder lies")
	}
	return nil
}

// LogAggregation is what the two keys of job log aggregation ask for (R22).
type LogAggregation struct {
	Folder   string // "" = <prefix>/logs
	Interval time.Duration
}

const (
	defaultLogInterval = 600 * time.Second
	minLogInterval     = 10 * time.Second
	maxLogInterval     = 86400 * time.Second
)

var intervalForm = regexp.MustCompile(`^([0-9]{1,9}) *([a-z]*)$`)

var intervalUnits = map[string]time.Duration{
	"": time.Second, "s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour,
}

// LogAggregationOf reads job log aggregation from config. on is whether either key is there. A Fault has the key at fault as target.
func LogAggregationOf(config map[string]string, lim Limits) (agg LogAggregation, on bool, fault *Fault) {
	folder, hasFolder := config[KeyLogDir]
	text, hasInterval := config[KeyLogInterval]
	if !hasFolder && !hasInterval {
		return LogAggregation{}, false, nil
	}
	agg = LogAggregation{Folder: folder, Interval: defaultLogInterval}
	if folder != "" {
		u, err := ParseURI(folder, StorageURI{}, lim.StorageSuffixes...)
		if e := AsError(err); e != nil {
			f := e.Fault(KeyLogDir)
			return agg, true, &f
		}
		if fault := lim.misplaced(u, "Logs go to a folder"); fault != nil {
			fault.Target = KeyLogDir
			return agg, true, fault
		}
	}
	if text = strings.ToLower(strings.TrimSpace(text)); text != "" {
		d, ok := parseInterval(text)
		if !ok {
			return agg, true, &Fault{Code: codeInvalidConfig, Target: KeyLogInterval,
				Message: fmt.Sprintf("The interval is whole seconds (also %q, %q), between %d and %d.", "600 s", "10 min", minLogInterval/time.Second, maxLogInterval/time.Second)}
		}
		agg.Interval = d
	}
	return agg, true, nil
}

func parseInterval(text string) (time.Duration, bool) {
	m := intervalForm.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	unit, ok := intervalUnits[m[2]]
	n, _ := strconv.ParseInt(m[1], 10, 64) // nine digits always fit
	if !ok || n > int64(maxLogInterval/time.Second) {
		return 0, false
	}
	d := time.Duration(n) * unit
	return d, d >= minLogInterval && d <= maxLogInterval
}
