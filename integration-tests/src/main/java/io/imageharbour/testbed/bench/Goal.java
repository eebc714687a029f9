package io.imageharbour.testbed.bench;

/**
 * Whether something is as good as it is meant to be.
 *
 * @param what it is, in half a sentence
 * @param value that was measured
 * @param limit that it is to stay within, such as {@code at most 1.3}
 */
public record Goal(String benchmark, String what, String value, String limit, boolean reached)
    implements Result {}
