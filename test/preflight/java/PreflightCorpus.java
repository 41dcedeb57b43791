package drey;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;

/**
 * Runs pairs of job versions on real Flink, inside this one JVM. Each line of the standard input is a pair, {@code BEFORE TAB AFTER
 * TAB ALLOW_NON_RESTORED}, with the versions as {@link Variant} reads them. For each pair one line of JSON is printed: where the
 * savepoint of the first is, the second's graph as the gate describes it, and what Flink made of starting the second from it.
 *
 * <p>It stands in the gate's package because it asks the gate's own code for the graph. Argument: a folder for savepoints.
 */
public final class PreflightCorpus {
    private final RealFlink flink;
    private final Map<String, Savepoint> savepoints = new HashMap<>();

    private PreflightCorpus(RealFlink flink) {
        this.flink = flink;
    }

    public static void main(String[] args) throws Exception {
        PrintStream answers = System.out;
        System.setOut(System.err);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (RealFlink flink = new RealFlink(args[0])) {
            PreflightCorpus corpus = new PreflightCorpus(flink);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] pair = line.split("\t");
                answers.println(Json.write(corpus.judge(pair[0], pair[1], Boolean.parseBoolean(pair[2]))));
                answers.flush();
            }
        }
    }

    private Map<String, Object> judge(String before, String after, boolean allowNonRestored) throws Exception {
        Savepoint savepoint = savepoints.get(before);
        if (savepoint == null) {
            Variant variant = Variant.of(before);
            savepoint = new Savepoint(flink.savepointOf(variant), variant.roles());
            savepoints.put(before, savepoint);
        }
        Variant variant = Variant.of(after);
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("savepoint", savepoint.path);
        answer.put("written", savepoint.roles);
        answer.put("graph", variant.description());
        String refusal = flink.start(variant, SavepointRestoreSettings.forPath(savepoint.path, allowNonRestored));
        answer.put("refusal", refusal);
        answer.put("found", Marks.of(variant.run()));
        return answer;
    }

    private static final class Savepoint {
        private final String path;
        private final Iterable<String> roles;

        private Savepoint(String path, Iterable<String> roles) {
            this.path = path;
            this.roles = roles;
        }
    }
}
