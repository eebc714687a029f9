/** The client of the pool: reads contents out of agents' memory, and brings them contents. */
@NullMarked
package io.imageharbour.pool.client;

import org.jspecify.annotations.NullMarked;
