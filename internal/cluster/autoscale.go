package cluster

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	timeOfDay = regexp.MustCompile(`^([0-1]?[0-9]|2[0-3]):[0-5][0-9]$`)
	weekdays  = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
)

// checkAutoscale checks the autoscale profile of a Flink cluster (R30).
func (l *faultList) checkAutoscale(p Profile) {
	a := p.Autoscale
	if a == nil {
		return
	}
	const at = atProfile + ".autoscaleProfile"
	if t := a.GracefulDecommissionTimeout; t != nil && *t != -1 {
		l.add("GracefulDecommissionTimeoutNotSupported", at+".gracefulDecommissionTimeout", "Flink has no graceful decommissioning: leave it out, or send -1.")
	}
	kind := strings.TrimSpace(a.AutoscaleType)
	switch {
	case strings.EqualFold(kind, "LoadBased"):
		if a.Enabled {
			l.add("LoadBasedAutoscaleNotSupported", at+".autoscaleType", "Flink clusters scale by schedule only.")
		}
	case strings.EqualFold(kind, "ScheduleBased"):
		l.checkScheduled(at, p)
	case kind != "":
		l.add(codeInvalidSpec, at+".autoscaleType", "The type of autoscale is ScheduleBased or LoadBased.")
	case a.Enabled:
		l.missing(at + ".autoscaleType")
	}
	if a.Schedule != nil {
		l.checkSchedule(at+".scheduleBasedConfig", *a.Schedule)
	}
}

func (l *faultList) checkScheduled(at string, p Profile) {
	switch {
	case p.Autoscale.Schedule == nil:
		l.missing(at + ".scheduleBasedConfig")
	case !p.Autoscale.Enabled:
	case p.Flink != nil && p.Flink.NumReplicas != nil:
		l.add(codeInvalidSpec, at+".enabled", "A schedule drives the worker count, but numReplicas fixes the number of task managers.")
		l.hint("leave numReplicas out")
	default:
		// A schedule that nothing follows would be a silent lie. This goes when the scheduler comes.
		l.add("AutoscaleNotAvailable", at+".enabled", "Autoscale is not available in this version.")
		l.hint("send enabled false to keep the schedule for later")
	}
}

func (l *faultList) checkSchedule(at string, s ScheduleConfig) {
	if strings.TrimSpace(s.TimeZone) == "" {
		l.missing(at + ".timeZone")
	}
	if s.DefaultCount < 0 {
		l.add(codeInvalidSpec, at+".defaultCount", "0 or more.")
	}
	starts := map[string]bool{}
	for i, w := range s.Schedules {
		target := indexed(at+".schedules", i)
		days := splitDays(w.Days)
		if len(days) == 0 {
			l.missing(target + ".days")
		}
		start, startOK := minuteOfDay(w.StartTime)
		_, endOK := minuteOfDay(w.EndTime)
		if !startOK {
			l.add(codeInvalidSpec, target+".startTime", "A time is given as HH:MM.")
		}
		if !endOK {
			l.add(codeInvalidSpec, target+".endTime", "A time is given as HH:MM.")
		}
		if w.Count < 0 {
			l.add(codeInvalidSpec, target+".count", "0 or more.")
		}
		for _, day := range days {
			name := slices.IndexFunc(weekdays, func(d string) bool { return strings.EqualFold(d, day) })
			if name < 0 {
				l.add(codeInvalidSpec, target+".days", "%q is not a day of the week.", clip(day, 32))
				continue
			}
			key := weekdays[name] + start.String()
			if startOK && starts[key] {
				l.add(codeInvalidSpec, target+".startTime", "Two schedules start on %s at %s.", weekdays[name], strings.TrimSpace(w.StartTime))
			}
			starts[key] = true
		}
	}
}

// splitDays trims blanks and takes "Monday, Tuesday" in one string apart.
func splitDays(days []string) []string {
	var split []string
	for _, d := range days {
		for part := range strings.SplitSeq(d, ",") {
			if part = strings.TrimSpace(part); part != "" {
				split = append(split, part)
			}
		}
	}
	return split
}

func minuteOfDay(s string) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	if !timeOfDay.MatchString(s) {
		return 0, false
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, false
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, true
}
