package drey;

import java.util.Objects;
import org.apache.flink.configuration.Configuration;

/** The configuration keys by which an order reaches Flink. */
final class RestoreKeys {
    private static final String JOB_ID = "$internal.pipeline.job-id";
    private static final String PATH = "execution.state-recovery.path";
    private static final String PATH_BEFORE_1_20 = "execution.savepoint.path";
    private static final String IGNORE_UNCLAIMED = "execution.state-recovery.ignore-unclaimed-state";
    private static final String IGNORE_UNCLAIMED_BEFORE_1_20 = "execution.savepoint.ignore-unclaimed-state";
    private static final String CLAIM_MODE = "execution.state-recovery.claim-mode";
    private static final String NO_CLAIM = "NO_CLAIM"; // a snapshot is Drey's to delete, never Flink's

    private RestoreKeys() {}

    static void set(Configuration configuration, Order order) {
        configuration.setString(JOB_ID, order.jobId);
        configuration.setString(CLAIM_MODE, NO_CLAIM);
        for (String key : new String[] {IGNORE_UNCLAIMED, IGNORE_UNCLAIMED_BEFORE_1_20}) {
            configuration.setString(key, Boolean.toString(order.allowNonRestoredState));
        }
        for (String key : new String[] {PATH, PATH_BEFORE_1_20}) {
            if (order.restorePath.isEmpty()) {
                configuration.removeKey(key);
            } else {
                configuration.setString(key, order.restorePath);
            }
        }
    }

    /** Fails if the job's code has changed, in the environment it was given, what the order says. */
    static void requireUnchanged(Configuration configuration, Order order) {
        require(configuration, JOB_ID, order.jobId);
        require(configuration, CLAIM_MODE, NO_CLAIM);
        require(configuration, PATH, order.restorePath);
        require(configuration, PATH_BEFORE_1_20, order.restorePath);
    }

    private static void require(Configuration configuration, String key, String want) {
        String got = configuration.getString(key, "");
        if (!Objects.equals(got, want)) {
            throw new IllegalStateException(
                    "the job's code sets " + key + " to \"" + got + "\", but Drey decides it, and it is \"" + want + "\"");
        }
    }
}
