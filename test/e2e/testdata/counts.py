"""Counts and adds up 1, 2, 3, ... in the state of a Python function: whatever is lost or repeated shows in the sum."""
import sys

from pyflink.common import Row, Types
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.datastream.functions import KeyedProcessFunction
from pyflink.datastream.state import ValueStateDescriptor
from pyflink.table import StreamTableEnvironment


class Count(KeyedProcessFunction):
    def open(self, context):
        self.state = context.get_state(ValueStateDescriptor("sum", Types.TUPLE([Types.LONG(), Types.LONG()])))

    def process_element(self, row, context):
        count, total = self.state.value() or (0, 0)
        self.state.update((count + 1, total + row[0]))
        yield Row(count + 1, total + row[0])


env = StreamExecutionEnvironment.get_execution_environment()
tables = StreamTableEnvironment.create(env)
tables.execute_sql(f"""CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '{sys.argv[1]}',
    'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '200000')""")
numbers = tables.to_data_stream(tables.from_path("numbers"))
numbers.key_by(lambda row: 0).process(Count(), Types.ROW([Types.LONG(), Types.LONG()])).uid("count").print()
env.execute()
