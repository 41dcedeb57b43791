package drey;

import java.nio.file.Path;
import java.util.Arrays;

/**
 * The entry class of every JobManager that Drey starts. When Flink calls it, the JobManager is completely up: REST, resource
 * manager, dispatcher. All that is missing is the user's {@code main()}. The gate says that it is ready, waits for its order,
 * makes every environment that {@code main()} asks for obey the order, and calls {@code main()}.
 *
 * <p>Arguments: {@code GATE_FOLDER USER_CLASS USER_ARGUMENTS...}. USER_CLASS {@code -} is the class that the job's jar names in
 * its manifest. The files of the gate folder are described in {@link GateFolder}.
 */
public final class Gate {
    private Gate() {}

    public static void main(String[] args) throws Exception {
        if (args.length < 2) {
            throw new IllegalArgumentException("usage: drey.Gate GATE_FOLDER USER_CLASS|- USER_ARGUMENTS...");
        }
        GateFolder folder = new GateFolder(Path.of(args[0]));
        try {
            pass(folder, args[1], Arrays.copyOfRange(args, 2, args.length));
        } catch (Throwable t) {
            reportFailed(folder, t);
            throw t; // Flink decides what an application that failed means
        }
    }

    /** One way through the gate. All that can fail without the user's code running fails before {@code ready} is written. */
    private static void pass(GateFolder folder, String userClass, String[] userArgs) throws Exception {
        UserProgram program = UserProgram.find(userClass, Thread.currentThread().getContextClassLoader());
        Environments.requireKnownFlink();
        folder.writeReady();
        Order order = folder.awaitOrder();
        OneJob job = new OneJob(order);
        Environments.obey(order, job);
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
