package io.imageharbour.pool.client;

import java.time.Duration;
import java.util.List;

/**
 * What an agent says of itself. What it counts, it counts since it began.
 *
 * @param id the agent's own name
 * @param uptime since it began
 * @param policy which contents stay when memory is full
 * @param transports how clients may read it
 * @param capacity bytes lent
 * @param used bytes of them that contents take up
 * @param largestFree the longest run of free bytes
 * @param fragmentation what part of the free bytes can't hold the longest contents, 0 to 1
 * @param hugePages whether that memory is in huge pages
 * @param contents that are there
 * @param sessions clients that have said hello
 * @param staging bytes besides {@code capacity} that clients write into
 * @param hits reads that found their content, as clients told
 * @param hitBytes bytes of those
 * @param misses reads that did not, as clients told
 * @param stored contents that clients brought
 * @param wrong contents that failed their digest
 * @param evicted contents given up for others
 * @param refused contents that found no room
 * @param crowdedOut contents given up because their bucket of the lookup table was full
 * @param unadmitted contents that were refused because their image is not admitted
 */
public record AgentStatus(
    String id,
    Duration uptime,
    String policy,
    List<String> transports,
    long capacity,
    long used,
    long largestFree,
    double fragmentation,
    boolean hugePages,
    long contents,
    int sessions,
    long staging,
    long hits,
    long hitBytes,
    long misses,
    long stored,
    long wrong,
    long evicted,
    long refused,
    long crowdedOut,
    long unadmitted) {

  public AgentStatus {
    transports = List.copyOf(transports);
  }
}
