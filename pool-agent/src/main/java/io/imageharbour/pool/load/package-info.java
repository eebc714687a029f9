/** Brings images into the pool ahead of time. */
@NullMarked
package io.imageharbour.pool.load;

import org.jspecify.annotations.NullMarked;
