import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.TimeZone;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.quartz.CronExpression;

/**
 * What Quartz makes of the cases of cases.tsv (expression, time zone, from), one line for each: its next ten times, `never`,
 * `refused`, or what it throws when it is asked for a time.
 */
public final class CronReference {
  private static final int COUNT = 10;

  public static void main(String[] args) throws Exception {
    ExecutorService aside = Executors.newCachedThreadPool(work -> {
      Thread thread = new Thread(work);
      thread.setDaemon(true);
      return thread;
    });
    List<String> answers = new ArrayList<>();
    answers.add("# the last year: " + CronExpression.MAX_YEAR);
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      String[] one = line.split("\t");
      String answer;
      try {
        answer = aside.submit(() -> answer(one[0], TimeZone.getTimeZone(one[1]), Instant.parse(one[2]))).get(10, TimeUnit.SECONDS);
      } catch (java.util.concurrent.TimeoutException endless) {
        answer = "endless";
      }
      answers.add(answer);
    }
    Files.write(Path.of(args[1]), answers);
  }

  private static String answer(String expression, TimeZone zone, Instant from) {
    CronExpression cron;
    try {
      cron = new CronExpression(expression);
    } catch (ParseException refused) {
      return "refused";
    }
    cron.setTimeZone(zone);
    List<String> times = new ArrayList<>();
    try {
      Date at = Date.from(from);
      while (times.size() < COUNT && (at = cron.getTimeAfter(at)) != null) times.add(at.toInstant().toString());
    } catch (RuntimeException thrown) {
      return "throws " + thrown.getClass().getSimpleName();
    }
    return times.isEmpty() ? "never" : String.join(" ", times);
  }
}
