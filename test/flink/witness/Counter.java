package witness;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** Counts the numbers of each key, and writes into the ledger what it is about to count. */
final class Counter extends KeyedProcessFunction<Long, Long, String> implements CheckpointedFunction {
    private static final List<byte[]> HOARD = new ArrayList<>();

    private final String ledgerFolder;
    private final String version;
    private final int padBytes;
    private final long failAt;
    private final long failTimes;
    private final String troubleOrFile;

    private transient ValueState<Long> count;
    private transient ValueState<byte[]> padding;
    private transient Ledger ledger;
    private transient long restoredCheckpoint; // 0 = started empty
    private transient long last; // 0 = none yet
    private transient int attempt;
    private transient String trouble;
    private transient int seen; // by this attempt

    Counter(String ledgerFolder, String version, int padBytes, long failAt, long failTimes, String troubleOrFile) {
        this.ledgerFolder = ledgerFolder;
        this.version = version;
        this.padBytes = padBytes;
        this.failAt = failAt;
        this.failTimes = failTimes;
        this.troubleOrFile = troubleOrFile;
    }

    /** Flink calls this before {@link #open}. */
    @Override
    public void initializeState(FunctionInitializationContext context) {
        restoredCheckpoint = context.getRestoredCheckpointId().orElse(0);
    }

    @Override
    public void open(OpenContext context) throws Exception {
        count = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
        padding =
                getRuntimeContext()
                        .getState(
                                new ValueStateDescriptor<>("padding", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
        trouble = troubleOrFile;
        if (trouble.startsWith("@")) {
            trouble = Files.readString(Path.of(trouble.substring(1)));
        }
        attempt = getRuntimeContext().getTaskInfo().getAttemptNumber();
        if (!ledgerFolder.isEmpty()) {
            ledger = Ledger.open(ledgerFolder, getRuntimeContext().getTaskInfo(), restoredCheckpoint);
        }
    }

    @Override
    public void processElement(Long number, Context context, Collector<String> out) throws Exception {
        if (number == failAt && attempt < failTimes) {
            throw new IllegalStateException("failed on request at " + number);
        }
        seen++;
        if ("loop".equals(trouble) && seen > 20 || "late-loop".equals(trouble) && seen > 1000) {
            throw new IllegalStateException("failed on request after " + (seen - 1) + " numbers");
        }
        if ("memory".equals(trouble)) {
            HOARD.add(new byte[16 << 20]);
        }
        Long before = count.value();
        long now = before == null ? 1 : before + 1;
        if (ledger != null) {
            ledger.record(number, context.getCurrentKey(), now);
        }
        count.update(now);
        if (padBytes > 0) {
            byte[] bytes = new byte[padBytes];
            new SplittableRandom(number).nextBytes(bytes);
            padding.update(bytes);
        }
        last = number;
        out.collect(number + " " + context.getCurrentKey() + " " + now + " " + Ledger.incarnation() + " " + version);
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) throws Exception {
        if ("checkpoint".equals(trouble)) {
            new CountDownLatch(1).await();
        }
        if (ledger != null) {
            ledger.snapshot(context.getCheckpointId(), last);
        }
    }

    @Override
    public void close() throws Exception {
        if (ledger != null) {
            ledger.close();
            ledger = null;
        }
        if ("close".equals(trouble) && last > 0) {
            new CountDownLatch(1).await();
        }
    }
}
