package drey.fs;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream;
import org.apache.flink.core.fs.RecoverableWriter.CommitRecoverable;

/** Gives a finished file its name, by one atomic rename. */
final class FolderCommitter implements RecoverableFsDataOutputStream.Committer {
    private final Container container;
    private final boolean sync;
    private final Recoverable file;

    FolderCommitter(Container container, boolean sync, Recoverable file) {
        this.container = container;
        this.sync = sync;
        this.file = file;
    }

    /** Fails if a file has become shorter than state says it was. */
    static void requireAtLeast(long size, Recoverable file) throws IOException {
        if (size < file.length) {
            throw new IOException("data is missing: only " + size + " of " + file);
        }
    }

    @Override
    public CommitRecoverable getRecoverable() {
        return file;
    }

    @Override
    public void commit() throws IOException {
        Path temporary = container.local(file.temporary);
        long size = Files.size(temporary);
        if (size != file.length) {
            throw new IOException("refused to commit " + file + ": it has " + size);
        }
        rename(temporary);
    }

    /** Like {@link #commit()}, but it may have been done before: then there is no unfinished file any more, and that is fine. */
    @Override
    public void commitAfterRecovery() throws IOException {
        Path temporary = container.local(file.temporary);
        if (!Files.exists(temporary)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            requireAtLeast(channel.size(), file);
            channel.truncate(file.length);
        }
        rename(temporary);
    }

    private void rename(Path temporary) throws IOException {
        Path target = container.local(file.target);
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        if (sync) {
            try (FileChannel folder = FileChannel.open(target.getParent(), StandardOpenOption.READ)) {
                folder.force(true); // the new name, too
            }
        }
    }
}
