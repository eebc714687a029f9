/** Calls of the C library that Java has no API for: memory without a name, and passing it on. */
@NullMarked
package io.imageharbour.pool.linux;

import org.jspecify.annotations.NullMarked;
