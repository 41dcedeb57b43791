package drey.fs;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream;
import org.apache.flink.core.fs.RecoverableWriter.ResumeRecoverable;

/** An unfinished file that is being written. What a {@link Recoverable} counts is on disk before it is handed out. */
final class RecoverableOutput extends RecoverableFsDataOutputStream {
    private final Container container;
    private final boolean syncOnCommit;
    private final FileChannel file;
    private final OutputStream out;
    private final Path target;
    private final Path temporary;

    RecoverableOutput(Container container, boolean syncOnCommit, FileChannel file, Path target, Path temporary) {
        this.container = container;
        this.syncOnCommit = syncOnCommit;
        this.file = file;
        this.out = Channels.newOutputStream(file);
        this.target = target;
        this.temporary = temporary;
    }

    @Override
    public long getPos() throws IOException {
        return file.position();
    }

    @Override
    public void write(int b) throws IOException {
        out.write(b);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
    }

    @Override
    public void flush() {}

    @Override
    public void sync() throws IOException {
        file.force(true);
    }

    @Override
    public ResumeRecoverable persist() throws IOException {
        return recoverable();
    }

    @Override
    public Committer closeForCommit() throws IOException {
        Recoverable whole = recoverable();
        file.close();
        return new FolderCommitter(container, syncOnCommit, whole);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private Recoverable recoverable() throws IOException {
        file.force(true);
        return new Recoverable(target, temporary, file.position());
    }
}
