package drey;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.dag.Pipeline;
import org.apache.flink.client.FlinkPipelineTranslationUtil;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.runtime.OperatorIDPair;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.JobVertex;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamGraphHasherV2;
import org.apache.flink.streaming.api.graph.StreamNode;

/**
 * Tells a job graph as the report does: its vertices, and of each every operator that is chained into it, by the ids that state is
 * found by. A vertex is what is deployed; only the stream graph it came from knows what the user called an operator.
 */
public final class GraphDescription {
    private static final int MAX_NAME_BYTES = 256; // SQL puts whole expressions into names

    private final Map<OperatorID, StreamNode> nodes = new HashMap<>();

    private GraphDescription(StreamGraph graph) {
        new StreamGraphHasherV2()
                .traverseStreamGraphAndGenerateHashes(graph)
                .forEach((node, hash) -> nodes.put(new OperatorID(hash), graph.getStreamNode(node)));
    }

    /**
     * Describes {@code pipeline}, whose job graph is built here: what cannot be serialized, for one, fails now.
     *
     * @param configuration that of the environment the pipeline is from
     * @param loader the job's class loader
     * @return {@code name} and {@code vertices}, for {@link Json#write}
     */
    public static Map<String, Object> of(Pipeline pipeline, Configuration configuration, ClassLoader loader) {
        GraphDescription description = new GraphDescription((StreamGraph) pipeline);
        JobGraph graph =
                FlinkPipelineTranslationUtil.getJobGraph(
                        loader, pipeline, configuration, configuration.get(CoreOptions.DEFAULT_PARALLELISM));
        List<Object> vertices = new ArrayList<>();
        for (JobVertex vertex : graph.getVerticesSortedTopologicallyFromSources()) {
            vertices.add(description.vertex(vertex));
        }
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("name", graph.getName());
        result.put("vertices", vertices);
        return result;
    }

    private Map<String, Object> vertex(JobVertex vertex) {
        List<Object> operators = new ArrayList<>();
        for (OperatorIDPair id : vertex.getOperatorIDs()) {
            operators.add(operator(id));
        }
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("id", vertex.getID().toHexString());
        result.put("name", Json.cut(vertex.getName(), MAX_NAME_BYTES));
        result.put("parallelism", vertex.getParallelism());
        result.put("maxParallelism", vertex.getMaxParallelism());
        result.put("parallelismFixed", vertex.isParallelismConfigured()); // by the program: the configuration's default is not for it
        result.put("operators", operators);
        return result;
    }

    /** A hash that the user gave goes before the generated id, under which the state will be once the job has a checkpoint. */
    private Map<String, Object> operator(OperatorIDPair id) {
        OperatorID generated = id.getGeneratedOperatorID();
        StreamNode node = nodes.get(generated);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("id", id.getUserDefinedOperatorID().orElse(generated).toHexString());
        if (id.getUserDefinedOperatorID().isPresent()) {
            result.put("generatedId", generated.toHexString());
        }
        result.put("uid", node.getTransformationUID());
        result.put("name", Json.cut(node.getOperatorName(), MAX_NAME_BYTES));
        result.put("parallelism", node.getParallelism());
        result.put("maxParallelism", maxParallelism(node));
        return result;
    }

    /** What the user set, or -1. The method is public from 2.0 on only. */
    private static int maxParallelism(StreamNode node) {
        try {
            Method method = StreamNode.class.getDeclaredMethod("getMaxParallelism");
            method.setAccessible(true);
            return (int) method.invoke(node);
        } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("this Flink is none that Drey's gate knows: StreamNode.getMaxParallelism", e);
        }
    }
}
