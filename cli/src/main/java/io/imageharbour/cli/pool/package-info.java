/** What {@code harbourctl pool} asks of agents, and how it shows the answers. */
@NullMarked
package io.imageharbour.cli.pool;

import org.jspecify.annotations.NullMarked;
