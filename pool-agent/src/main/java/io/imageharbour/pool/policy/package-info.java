/** Eviction policies: which contents stay when memory is full. */
@NullMarked
package io.imageharbour.pool.policy;

import org.jspecify.annotations.NullMarked;
