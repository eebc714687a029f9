/** The memory that an agent lends: regions, the lookup table in the first of them, and staging. */
@NullMarked
package io.imageharbour.pool.memory;

import org.jspecify.annotations.NullMarked;
