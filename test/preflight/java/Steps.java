package drey;

import java.util.Iterator;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.connector.datagen.source.GeneratorFunction;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** The steps of the corpus' job. Those with state write their role into it, and tell {@link Marks} whose role they found there. */
final class Steps {
    private Steps() {}

    /** What the source of numbers does with its own position. */
    static final class Numbers implements GeneratorFunction<Long, Long> {
        private static final long serialVersionUID = 1;
        private final String run;
        private final String role;
        private transient boolean told;

        Numbers(String run, String role) {
            this.run = run;
            this.role = role;
        }

        @Override
        public Long map(Long n) {
            if (!told) {
                Marks.found(run, role, n > 0 ? role : "");
                told = true;
            }
            return n;
        }
    }

    /** No state of its own; tells, if it has a role, whether the source in front of it went on. */
    static final class Pass implements MapFunction<Long, Long> {
        private static final long serialVersionUID = 1;
        private final String run;
        private final String role;

        Pass(String run, String role) {
            this.run = run;
            this.role = role;
        }

        @Override
        public Long map(Long n) {
            if (role != null) {
                Marks.found(run, role, n > 0 ? role : "");
            }
            return n;
        }
    }

    /** Operator state. */
    static final class Listed implements MapFunction<Long, Long>, CheckpointedFunction {
        private static final long serialVersionUID = 1;
        private final String run;
        private final String role;
        private transient ListState<String> marks;

        Listed(String run, String role) {
            this.run = run;
            this.role = role;
        }

        @Override
        public Long map(Long n) {
            return n;
        }

        @Override
        public void initializeState(FunctionInitializationContext context) throws Exception {
            marks = context.getOperatorStateStore().getListState(new ListStateDescriptor<>("marks", Types.STRING));
            Iterator<String> found = marks.get().iterator();
            Marks.found(run, role, found.hasNext() ? found.next() : "");
        }

        @Override
        public void snapshotState(FunctionSnapshotContext context) throws Exception {
            marks.clear();
            marks.add(role);
        }
    }

    /** Keyed state of one key. */
    static final class Counted extends KeyedProcessFunction<Integer, Long, Long> {
        private static final long serialVersionUID = 1;
        private final String run;
        private final String role;
        private final String state;
        private final String type;

        Counted(String run, String role, String state, String type) {
            this.run = run;
            this.role = role;
            this.state = state;
            this.type = type;
        }

        @Override
        public void processElement(Long n, Context context, Collector<Long> out) throws Exception {
            if (type.equals("long")) {
                ValueState<Long> mark = getRuntimeContext().getState(new ValueStateDescriptor<>(state, Types.LONG));
                Marks.found(run, role, mark.value() == null ? "" : role);
                mark.update(n);
            } else {
                ValueState<String> mark = getRuntimeContext().getState(new ValueStateDescriptor<>(state, Types.STRING));
                Marks.found(run, role, mark.value());
                mark.update(role);
            }
            out.collect(n);
        }
    }

    /** In the place of an operator that had keyed state. */
    static final class Forgetful extends KeyedProcessFunction<Integer, Long, Long> {
        private static final long serialVersionUID = 1;

        @Override
        public void processElement(Long n, Context context, Collector<Long> out) {
            out.collect(n);
        }
    }
}
