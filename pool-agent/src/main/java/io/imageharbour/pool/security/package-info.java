/** How agents and their clients know each other. */
@NullMarked
package io.imageharbour.pool.security;

import org.jspecify.annotations.NullMarked;
