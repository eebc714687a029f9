package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.indexer.Digest;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.FaultProxy;
import io.imageharbour.testbed.FaultProxy.Fault;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.image.RegistryStorage;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A registry that falls silent when it is asked for the index beside an image. */
@ExtendWith(TestbedExtension.class)
final class StalledAttachIT {

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Half a minute for what harbourd waits for, as docs/attach.md has it, and as long for a pull.
   */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final int ALWAYS = Integer.MAX_VALUE;

  private SharedTestbed testbed;
  private FaultProxy proxy;
  private Node node;
  private String image = "";
  private String behindProxy = "";

  @BeforeEach
  void putAProxyBeforeTheRegistry(SharedTestbed shared) throws Exception {
    testbed = shared;
    int port = Network.freePort();
    proxy = FaultProxy.before(testbed.registry(), port);
    image = testbed.attached();
    behindProxy = image.replace(testbed.registry().host(), "127.0.0.1:" + port);
    node = testbed.node("s");
  }

  @AfterEach
  void remove() throws Exception {
    proxy.close();
    node.close();
    Node.remove(testbed.workspace(), "s");
  }

  @Test
  void isGivenUpWithItsListOfReferrersAndTheImageIsPulledWhole() throws Exception {
    proxy.set(new Fault.Stall("/manifests/sha256-", 10, ALWAYS));

    assertPulledWhole("event=attached-index-not-asked");
  }

  @Test
  void isGivenUpWithTheIndexAndTheImageIsPulledWhole() throws Exception {
    proxy.set(new Fault.Stall("/blobs/" + indexBlob(), 10, ALWAYS));

    assertPulledWhole("event=attached-index-unusable");
  }

  private void assertPulledWhole(String event) throws Exception {
    long begin = System.nanoTime();
    JsonNode pulled = pull();
    Duration took = Duration.ofNanos(System.nanoTime() - begin);

    assertThat(pulled.at("/layers/total").asInt()).as(pulled.toString()).isPositive();
    assertThat(pulled.at("/layers/found").asInt()).as(pulled.toString()).isZero();
    assertThat(proxy.faults()).isPositive();
    assertThat(took).isLessThan(PATIENCE);
    assertThat(node.harbourd().process().log()).contains(event);
    assertThat(
            node.ctr()
                .run(Snapshotter.HARBOUR, behindProxy, SmallImage.SUMS.toArray(String[]::new))
                .output())
        .contains(SmallImage.expectedSums());
  }

  private JsonNode pull() throws IOException, InterruptedException {
    return JSON.readTree(
        testbed
            .tree()
            .harbourctl("pull", "--plain-http", "--json", "--address", node.ctr().socket())
            .withArguments("--namespace", node.ctr().namespace(), behindProxy)
            .run()
            .bytes());
  }

  /** The blob of the index; the registry lists what is beside an image under a tag. */
  private String indexBlob() throws IOException, InterruptedException {
    RegistryStorage storage = new RegistryStorage(testbed.registry().storage());
    Digest manifest = Digest.sha256(raw(image));
    JsonNode list =
        JSON.readTree(raw(image.replaceAll(":1$", ":" + manifest.toString().replace(':', '-'))));
    Digest attached = Digest.parse(list.at("/manifests/0/digest").asText());
    return JSON.readTree(storage.blob(attached).toFile()).at("/layers/0/digest").asText();
  }

  private static byte[] raw(String reference) throws IOException, InterruptedException {
    return Command.of("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + reference)
        .run()
        .bytes();
  }
}
