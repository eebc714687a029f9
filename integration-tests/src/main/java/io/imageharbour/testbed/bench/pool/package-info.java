/**
 * Measures reads of the memory pool beside the plainest way to do the same. A program of its own,
 * because it also runs in a guest.
 */
@NullMarked
package io.imageharbour.testbed.bench.pool;

import org.jspecify.annotations.NullMarked;
