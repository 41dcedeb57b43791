package drey;

import java.nio.file.Path;
import java.util.Arrays;

/**
 * The entry class of every JobManager that Drey starts. When Flink calls it, the JobManager is completely up: REST, resource
 * manager, dispatcher. All that is missing is the user's {@code main()}. The gate prepares what it was told to, says that it is
 * ready, waits for its order, makes every environment that {@code main()} asks for obey the order, and calls {@code main()}.
 *
 * <p>Arguments: {@code GATE_FOLDER PREPARE USER_CLASS USER_ARGUMENTS...}. PREPARE is {@code -} or a list of what {@link
 * Preparation} knows, separated by commas. USER_CLASS {@code -} is the class that the job's jar names in its manifest. The files
 * of the gate folder are described in {@link GateFolder}.
 */
public final class Gate {
    private Gate() {}

    public static void main(String[] args) throws Exception {
        if (args.length < 3) {
            throw new IllegalArgumentException("usage: drey.Gate GATE_FOLDER PREPARE|- USER_CLASS|- USER_ARGUMENTS...");
        }
        GateFolder folder = new GateFolder(Path.of(args[0]));
        try {
            pass(folder, Preparation.parse(args[1]), args[2], Arrays.copyOfRange(args, 3, args.length));
        } catch (Throwable t) {
            reportFailed(folder, t);
            throw t; // Flink decides what an application that failed means
        }
    }

    /** One way through the gate. All that can fail without the user's code running fails before {@code ready} is written. */
    private static void pass(GateFolder folder, Preparation preparation, String userClass, String[] userArgs) throws Exception {
        UserProgram program = UserProgram.find(userClass, Thread.currentThread().getContextClassLoader());
        Environments.requireKnownFlink();
        FirstUse.ofCheckpointStorage();
        preparation.make(program, userArgs, folder);
        folder.writeReady();
        Order order = folder.awaitOrder();
        OneJob job = new OneJob(order);
        Environments.intercept(configuration -> RestoreKeys.set(configuration, order), job::guard);
        folder.writeOpened();
        program.run(userArgs);
        folder.writeDone(job.submitted());
    }

    private static void reportFailed(GateFolder folder, Throwable failure) {
        try {
            folder.writeFailed(failure);
        } catch (Exception e) {
            failure.addSuppressed(e); // what the user's code threw matters more than that it could not be written down
        }
    }
}
