package drey.fs;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream;
import org.apache.flink.core.fs.RecoverableWriter;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * Writes files that appear, whole, only when they are committed: for exactly-once sinks and for {@code _metadata}. Flink's own
 * local one writes absolute local paths into the state of a sink; here it is URIs.
 */
final class FolderRecoverableWriter implements RecoverableWriter {
    private final Container container;
    private final Options options;

    FolderRecoverableWriter(Container container, Options options) {
        this.container = container;
        this.options = options;
    }

    @Override
    public RecoverableFsDataOutputStream open(Path path) throws IOException {
        java.nio.file.Path target = container.local(path);
        if (Files.exists(target)) {
            throw new FileAlreadyExistsException(path + " exists already");
        }
        Files.createDirectories(target.getParent());
        java.nio.file.Path temporary = temporaryFor(target);
        return output(container.logical(target), temporary, create(temporary));
    }

    @Override
    public RecoverableFsDataOutputStream recover(ResumeRecoverable state) throws IOException {
        Recoverable unfinished = (Recoverable) state;
        try {
            return options.copyOnResume ? resumeCopy(unfinished) : resume(unfinished);
        } catch (NoSuchFileException e) {
            FileNotFoundException missing = new FileNotFoundException(unfinished.temporary + " does not exist");
            missing.initCause(e);
            throw missing;
        }
    }

    @Override
    public RecoverableFsDataOutputStream.Committer recoverForCommit(CommitRecoverable state) {
        return new FolderCommitter(container, options.sync, (Recoverable) state);
    }

    @Override
    public boolean requiresCleanupOfRecoverableState() {
        return false;
    }

    @Override
    public boolean cleanupRecoverableState(ResumeRecoverable state) {
        return false;
    }

    @Override
    public boolean supportsResume() {
        return true;
    }

    @Override
    public SimpleVersionedSerializer<CommitRecoverable> getCommitRecoverableSerializer() {
        return serializer();
    }

    @Override
    public SimpleVersionedSerializer<ResumeRecoverable> getResumeRecoverableSerializer() {
        return serializer();
    }

    /** Flink hands a serializer only what this writer made, and that is always a {@link Recoverable}. */
    @SuppressWarnings("unchecked")
    private static <T> SimpleVersionedSerializer<T> serializer() {
        return (SimpleVersionedSerializer<T>) new Recoverable.Serializer();
    }

    /** Goes on in the unfinished file, and drops what was written after the state was taken. */
    private RecoverableFsDataOutputStream resume(Recoverable unfinished) throws IOException {
        java.nio.file.Path temporary = container.local(unfinished.temporary);
        FileChannel file = FileChannel.open(temporary, StandardOpenOption.WRITE);
        try {
            FolderCommitter.requireAtLeast(file.size(), unfinished);
            file.truncate(unfinished.length).position(unfinished.length);
            return output(unfinished.target, temporary, file);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** Goes on in a copy, and leaves the unfinished file to whoever restores the same state another time. */
    private RecoverableFsDataOutputStream resumeCopy(Recoverable unfinished) throws IOException {
        java.nio.file.Path temporary = temporaryFor(container.local(unfinished.target));
        try (FileChannel old = FileChannel.open(container.local(unfinished.temporary), StandardOpenOption.READ)) {
            FolderCommitter.requireAtLeast(old.size(), unfinished);
            FileChannel file = create(temporary);
            try {
                copy(old, file, unfinished.length);
            } catch (IOException e) {
                file.close();
                throw e;
            }
            return output(unfinished.target, temporary, file);
        }
    }

    private static void copy(FileChannel from, FileChannel to, long length) throws IOException {
        for (long done = 0; done < length; ) {
            long count = from.transferTo(done, length - done, to);
            if (count <= 0) {
                throw new IOException("the file became shorter while it was copied: " + done + " of " + length + " bytes");
            }
            done += count;
        }
    }

    private RecoverableFsDataOutputStream output(Path target, java.nio.file.Path temporary, FileChannel file) {
        return new RecoverableOutput(container, options.sync, file, target, container.logical(temporary));
    }

    private static java.nio.file.Path temporaryFor(java.nio.file.Path target) {
        return target.resolveSibling("." + target.getFileName() + ".inprogress." + UUID.randomUUID());
    }

    private static FileChannel create(java.nio.file.Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
    }
}
