package drey.fs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.RecoverableWriter.CommitRecoverable;
import org.apache.flink.core.fs.RecoverableWriter.ResumeRecoverable;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** How far an unfinished file is and what it will be called: what a sink keeps in its state. URIs, never local paths. */
final class Recoverable implements CommitRecoverable, ResumeRecoverable {
    final Path target;
    final Path temporary;
    /** Bytes of {@link #temporary} that count. */
    final long length;

    Recoverable(Path target, Path temporary, long length) {
        this.target = target;
        this.temporary = temporary;
        this.length = length;
    }

    @Override
    public String toString() {
        return length + " bytes of " + temporary + " for " + target;
    }

    /** In the layout of Flink's Hadoop writer (version 1), which a real Azure account is written with. */
    static final class Serializer implements SimpleVersionedSerializer<Recoverable> {
        private static final int MAGIC = 0xd7436c5e;
        private static final int VERSION = 1;
        private static final int HEAD_BYTES = 20;

        @Override
        public int getVersion() {
            return VERSION;
        }

        @Override
        public byte[] serialize(Recoverable recoverable) {
            byte[] target = recoverable.target.toString().getBytes(StandardCharsets.UTF_8);
            byte[] temporary = recoverable.temporary.toString().getBytes(StandardCharsets.UTF_8);
            return ByteBuffer.allocate(HEAD_BYTES + target.length + temporary.length)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(MAGIC)
                    .putLong(recoverable.length)
                    .putInt(target.length)
                    .putInt(temporary.length)
                    .put(target)
                    .put(temporary)
                    .array();
        }

        @Override
        public Recoverable deserialize(int version, byte[] bytes) throws IOException {
            ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            if (version != VERSION || bytes.length < HEAD_BYTES || in.getInt() != MAGIC) {
                throw new IOException("this state of a sink was not written through a folder or Flink's Hadoop file systems");
            }
            long length = in.getLong();
            byte[] target = new byte[in.getInt()];
            byte[] temporary = new byte[in.getInt()];
            in.get(target).get(temporary);
            return new Recoverable(path(target), path(temporary), length);
        }

        private static Path path(byte[] text) {
            return new Path(new String(text, StandardCharsets.UTF_8));
        }
    }
}
