package drey;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the gate does before it is ready, and the report of it. Whatever happens here is reported and never makes the gate fail:
 * who reads the report decides.
 */
final class Preparation {
    private static final String NOTHING = "-";
    private static final String PLAN = "plan";
    private static final String WARM_UP = "warm-up";

    private final boolean plan;
    private final boolean warmUp;

    private Preparation(boolean plan, boolean warmUp) {
        this.plan = plan;
        this.warmUp = warmUp;
    }

    static Preparation parse(String list) {
        List<String> names = List.of(list.split(","));
        for (String name : names) {
            if (!List.of(NOTHING, PLAN, WARM_UP).contains(name)) {
                throw new IllegalArgumentException("the gate cannot prepare \"" + name + "\"");
            }
        }
        return new Preparation(names.contains(PLAN), names.contains(WARM_UP));
    }

    /** Prepares, and writes the report, where anything was asked for. */
    void make(UserProgram program, String[] args, GateFolder folder) throws IOException, InterruptedException {
        if (!plan && !warmUp) {
            return;
        }
        Map<String, Object> report = new LinkedHashMap<>();
        if (plan) {
            rehearse(program, args, report);
        }
        if (warmUp && !report.containsKey("failure")) {
            warmUp(report);
        }
        folder.writeReport(report);
    }

    private static void rehearse(UserProgram program, String[] args, Map<String, Object> report) {
        long start = System.nanoTime();
        try {
            Map<String, Object> graph = Rehearsal.graphOf(program, args);
            if (graph != null) {
                report.put("graph", graph);
            }
        } catch (Exception | Error e) {
            report.put("failure", GateFolder.describe(e));
        }
        report.put("planMillis", millisSince(start));
    }

    private static void warmUp(Map<String, Object> report) throws InterruptedException {
        long start = System.nanoTime();
        try {
            WarmUp.run(slots(report.get("graph")));
        } catch (InterruptedException e) {
            throw e; // Flink ends the application
        } catch (Exception | Error e) {
            report.put("warmUpFailure", WarmUp.why(e));
        }
        report.put("warmUpMillis", millisSince(start));
    }

    /** How many slots a job surely needs: its widest vertex. 0 if it is not known. */
    private static int slots(Object graph) {
        int widest = 0;
        if (graph != null) {
            for (Object vertex : (List<?>) ((Map<?, ?>) graph).get("vertices")) {
                widest = Math.max(widest, (int) ((Map<?, ?>) vertex).get("parallelism"));
            }
        }
        return widest;
    }

    private static long millisSince(long start) {
        return (System.nanoTime() - start) / 1_000_000;
    }
}
