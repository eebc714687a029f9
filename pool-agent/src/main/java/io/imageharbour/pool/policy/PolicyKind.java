package io.imageharbour.pool.policy;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The policies there are, by the names that they have in configurations. */
public enum PolicyKind {
  LRU("lru"),
  ARC("arc"),
  S3_FIFO("s3-fifo"),
  W_TINYLFU("w-tinylfu");

  private final String configName;

  PolicyKind(String configName) {
    this.configName = configName;
  }

  /**
   * The policy of a name.
   *
   * @throws UnknownPolicyException if none has it; the message lists the names there are
   */
  public static PolicyKind named(String configName) throws UnknownPolicyException {
    for (PolicyKind kind : values()) {
      if (kind.configName.equals(configName)) {
        return kind;
      }
    }
    throw new UnknownPolicyException(
        "there is no eviction policy \"%s\"; there are %s"
            .formatted(
                configName,
                Arrays.stream(values())
                    .map(PolicyKind::configName)
                    .collect(Collectors.joining(", "))));
  }

  /** What it is called in configurations and output. */
  public String configName() {
    return configName;
  }

  /**
   * Makes a policy that knows no contents yet.
   *
   * @param capacity in bytes, at least 0
   */
  public <K> EvictionPolicy<K> create(long capacity) {
    return switch (this) {
      case LRU -> new Lru<>(capacity);
      case ARC -> new Arc<>(capacity);
      case S3_FIFO -> new S3Fifo<>(capacity);
      case W_TINYLFU -> new WTinyLfu<>(capacity);
    };
  }
}
