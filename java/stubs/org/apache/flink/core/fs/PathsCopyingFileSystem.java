package org.apache.flink.core.fs;

import java.io.IOException;
import java.util.List;

/** What is used of Flink 2.x's interface, so that every line can compile it. Never packed. */
public interface PathsCopyingFileSystem {
    boolean canCopyPaths(Path source, Path destination) throws IOException;

    void copyFiles(List<CopyRequest> requests, ICloseableRegistry registry) throws IOException;

    interface CopyRequest {
        Path getSource();

        Path getDestination();
    }
}
