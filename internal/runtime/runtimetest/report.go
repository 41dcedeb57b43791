package runtimetest

import "drey/internal/runtime"

func reported(r *rig) {
	id := r.newID()
	gate := r.layout(id).Gate
	if report, err := r.Runtime.Report(r.ctx, id); report != nil || err != nil {
		r.Errorf("before it is prepared its report has %d bytes, %v", len(report), err)
	}
	r.prepare(r.incarnation(id, Script{Report(gate, runtime.MaxReportBytes), Gate(gate), Wait}, nil))
	r.await(id, jobManager, runtime.Held)
	report, err := r.Runtime.Report(r.ctx, id)
	if err != nil || string(report) != string(Pattern(runtime.MaxReportBytes)) {
		r.Errorf("its report has %d bytes, %v", len(report), err)
	}
	if report, err := r.Runtime.Report(r.ctx, r.prepareHeld().ID); report != nil || err != nil {
		r.Errorf("one without a report has one of %d bytes, %v", len(report), err)
	}
}

func reportTooLong(r *rig) {
	id := r.newID()
	gate := r.layout(id).Gate
	r.prepare(r.incarnation(id, Script{Report(gate, runtime.MaxReportBytes+1), Gate(gate), Wait}, nil))
	r.await(id, jobManager, runtime.Held)
	if report, err := r.Runtime.Report(r.ctx, id); err == nil {
		r.Errorf("got %d bytes and no error", len(report))
	}
}

func fits(r *rig) {
	for need, possible := range map[int64]bool{0: true, 1 << 40: false} {
		fit, err := r.Runtime.Fits(r.ctx, need)
		if err != nil {
			r.Fatal(err)
		}
		if !fit.Known && fit != (runtime.Fit{}) || fit.Known && (fit.Fits != possible || fit.FreeMB < 0) {
			r.Errorf("%d MiB: got %+v, want Fits %v if it is known", need, fit, possible)
		}
	}
}
