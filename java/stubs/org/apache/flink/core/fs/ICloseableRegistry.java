package org.apache.flink.core.fs;

import java.io.Closeable;

/** What is used of Flink 2.x's interface, so that every line can compile it. Never packed. */
public interface ICloseableRegistry extends Closeable {
    boolean isClosed();
}
