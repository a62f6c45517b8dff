import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.WindowAssigner;
import org.apache.flink.streaming.api.windowing.time.Time;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/**
 * What Apache Flink makes of the windows of cases.jsonl, one line of JSON for each case: the last result for each
 * (key, window), and the numbers of the late records. A record is [key, milliseconds]; its number is its place in the case.
 */
public final class WindowReference {
  private static final TypeInformation<Tuple3<Integer, Integer, Long>> RECORD =
      Types.TUPLE(Types.INT, Types.INT, Types.LONG);
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    List<String> answers = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(args[0]))) answers.add(JSON.writeValueAsString(answer(JSON.readTree(line))));
    Files.write(Path.of(args[1]), answers);
  }

  private static Map<String, Object> answer(JsonNode one) throws Exception {
    List<Tuple3<Integer, Integer, Long>> records = new ArrayList<>();
    for (JsonNode record : one.get("records"))
      records.add(Tuple3.of(records.size(), record.get(0).asInt(), record.get(1).asLong()));
    long bound = one.get("bound").asLong();
    OutputTag<Tuple3<Integer, Integer, Long>> late = new OutputTag<>("late", RECORD);
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    environment.setParallelism(1);
    SingleOutputStreamOperator<String> results =
        environment
            .fromCollection(records, RECORD)
            .assignTimestampsAndWatermarks(
                WatermarkStrategy.<Tuple3<Integer, Integer, Long>>forGenerator(context -> new AfterEvery(bound))
                    .withTimestampAssigner((record, previous) -> record.f2))
            .keyBy(record -> record.f1, Types.INT)
            .window(assigner(one.get("window")))
            .allowedLateness(Time.milliseconds(one.get("lateness").asLong()))
            .sideOutputLateData(late)
            .process(new Tell());
    List<String> told = new ArrayList<>();
    List<Integer> tooLate = new ArrayList<>();
    try (var main = results.map(line -> "w" + line).union(results.getSideOutput(late).map(record -> "l" + record.f0)).executeAndCollect()) {
      main.forEachRemaining(told::add);
    }
    Map<String, String> last = new TreeMap<>(Comparator.naturalOrder());
    for (String line : told) {
      if (line.startsWith("l")) tooLate.add(Integer.parseInt(line.substring(1)));
      else last.put(line.substring(1, line.indexOf('|')), line.substring(line.indexOf('|') + 1));
    }
    tooLate.sort(null);
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("windows", last);
    answer.put("late", tooLate);
    return answer;
  }

  private static WindowAssigner<Object, TimeWindow> assigner(JsonNode window) {
    Time offset = Time.milliseconds(window.path("offset").asLong());
    switch (window.get("type").asText()) {
      case "TUMBLING":
        return TumblingEventTimeWindows.of(Time.milliseconds(window.get("size").asLong()), offset);
      case "HOPPING":
        return SlidingEventTimeWindows.of(
            Time.milliseconds(window.get("size").asLong()), Time.milliseconds(window.get("slide").asLong()), offset);
      default:
        return EventTimeSessionWindows.withGap(Time.milliseconds(window.get("gap").asLong()));
    }
  }

  /** The highest time so far, less the bound and one millisecond, after every record. */
  private static final class AfterEvery implements WatermarkGenerator<Tuple3<Integer, Integer, Long>> {
    private final long bound;
    private long highest = Long.MIN_VALUE;

    AfterEvery(long bound) {
      this.bound = bound;
    }

    @Override
    public void onEvent(Tuple3<Integer, Integer, Long> record, long time, WatermarkOutput output) {
      highest = Math.max(highest, time);
      output.emitWatermark(new Watermark(highest - bound - 1));
    }

    @Override
    public void onPeriodicEmit(WatermarkOutput output) {}
  }

  /** `key start end|numbers of its records`. */
  private static final class Tell
      extends ProcessWindowFunction<Tuple3<Integer, Integer, Long>, String, Integer, TimeWindow> {
    @Override
    public void process(
        Integer key, Context context, Iterable<Tuple3<Integer, Integer, Long>> records, Collector<String> out) {
      List<String> numbers = new ArrayList<>();
      records.forEach(record -> numbers.add(String.valueOf(record.f0)));
      numbers.sort(Comparator.comparingInt(Integer::parseInt));
      out.collect(
          key + " " + context.window().getStart() + " " + context.window().getEnd() + "|" + String.join(" ", numbers));
    }
  }
}
