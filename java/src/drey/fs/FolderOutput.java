package drey.fs;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import org.apache.flink.core.fs.FSDataOutputStream;

/** Writes a file. Flink's own streams buffer in front of it. */
final class FolderOutput extends FSDataOutputStream {
    private final FileChannel file;
    private final OutputStream out;
    private final boolean syncOnClose;

    FolderOutput(FileChannel file, boolean syncOnClose) {
        this.file = file;
        this.out = Channels.newOutputStream(file);
        this.syncOnClose = syncOnClose;
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
    public void close() throws IOException {
        try (FileChannel closing = file) {
            if (syncOnClose && closing.isOpen()) {
                closing.force(true);
            }
        }
    }
}
