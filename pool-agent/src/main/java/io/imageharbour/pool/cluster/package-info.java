/** Who is in the pool, and on which agents a content lies. */
@NullMarked
package io.imageharbour.pool.cluster;

import org.jspecify.annotations.NullMarked;
