/** Where contents lie in the memory that an agent lends. */
@NullMarked
package io.imageharbour.pool.memory;

import org.jspecify.annotations.NullMarked;
