package io.imageharbour.snapshotter.source;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RegistrySettings;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class RegistryWarmUpTest {

  @Test
  void theRegistryClientReadsFromTheRegistryOfOneAnswer() throws Exception {
    Logger log = (Logger) LoggerFactory.getLogger(RegistryWarmUp.class);
    ListAppender<ILoggingEvent> events = new ListAppender<>();
    events.start();
    log.setLevel(Level.DEBUG);
    log.addAppender(events);
    try (RegistryClient client =
        new RegistryClient(
            RegistrySettings.defaults()
                .withCertsDirectories(List.of())
                .withDockerConfigDirectory(Path.of("/nonexistent")))) {
      Thread warmUp = RegistryWarmUp.start(client);
      warmUp.join(10_000);
      assertThat(events.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .containsExactly("event=warmed-up bytes=4");
    } finally {
      log.detachAppender(events);
      log.setLevel(null);
    }
  }
}
