package witness;

import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.functions.RichMapFunction;

/** Lets numbers through at a steady rate. It sleeps one interval at most, so that a barrier never waits longer. */
final class Throttle extends RichMapFunction<Long, Long> {
    private static final long MAX_BEHIND_NANOS = TimeUnit.SECONDS.toNanos(1); // later than that, it does not catch up

    private final long intervalNanos;
    private transient long next;

    Throttle(double perSecond) {
        this.intervalNanos = (long) (TimeUnit.SECONDS.toNanos(1) / perSecond);
    }

    @Override
    public Long map(Long number) throws InterruptedException {
        long now = System.nanoTime();
        if (next == 0 || now - next > MAX_BEHIND_NANOS) {
            next = now;
        }
        if (next > now) {
            TimeUnit.NANOSECONDS.sleep(next - now);
        }
        next += intervalNanos;
        return number;
    }
}
