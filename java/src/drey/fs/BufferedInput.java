package drey.fs;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.flink.core.fs.ByteBufferReadable;
import org.apache.flink.core.fs.FSDataInputStream;

/**
 * Reads a file through a buffer. Flink's own local stream has none, and heap state is restored number by number, byte by byte:
 * one system call each. Not for several threads, but for the positional read, which is.
 */
final class BufferedInput extends FSDataInputStream implements ByteBufferReadable {
    private static final int BUFFER_BYTES = 64 << 10;

    private final FileChannel file;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).limit(0); // what was read ahead of getPos()

    BufferedInput(Path path) throws IOException {
        file = FileChannel.open(path, StandardOpenOption.READ);
    }

    @Override
    public long getPos() throws IOException {
        return file.position() - buffer.remaining();
    }

    @Override
    public void seek(long position) throws IOException {
        if (position < 0) {
            throw new EOFException("cannot seek to " + position);
        }
        long end = file.position();
        long start = end - buffer.limit();
        if (start <= position && position <= end) {
            buffer.position((int) (position - start));
            return;
        }
        forget();
        file.position(position);
    }

    @Override
    public int read() throws IOException {
        return buffer.hasRemaining() || fill() ? buffer.get() & 0xff : -1;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        return read(ByteBuffer.wrap(bytes, offset, length));
    }

    /** Reads at least one byte if there is one and room for it; a piece as large as the buffer goes past it. */
    @Override
    public int read(ByteBuffer into) throws IOException {
        if (!into.hasRemaining()) {
            return 0;
        }
        if (!buffer.hasRemaining()) {
            if (into.remaining() >= BUFFER_BYTES) {
                forget();
                return file.read(into);
            }
            if (!fill()) {
                return -1;
            }
        }
        int length = Math.min(into.remaining(), buffer.remaining());
        ByteBuffer piece = buffer.duplicate();
        piece.limit(piece.position() + length);
        into.put(piece);
        buffer.position(buffer.position() + length);
        return length;
    }

    /** Reads at a position and leaves {@link #getPos()} as it is. */
    @Override
    public int read(long position, ByteBuffer into) throws IOException {
        return file.read(into, position);
    }

    @Override
    public long skip(long count) throws IOException {
        long from = getPos();
        long to = Math.min(from + Math.max(0, count), Math.max(from, file.size()));
        seek(to);
        return to - from;
    }

    @Override
    public int available() throws IOException {
        return (int) Math.min(Integer.MAX_VALUE, Math.max(0, file.size() - getPos()));
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private boolean fill() throws IOException {
        buffer.clear();
        int count = file.read(buffer);
        buffer.flip();
        return count > 0;
    }

    private void forget() {
        buffer.position(0).limit(0);
    }
}
