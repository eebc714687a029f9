/** The agent: contents in memory that clients read, sessions, and the gRPC service. */
@NullMarked
package io.imageharbour.pool.agent;

import org.jspecify.annotations.NullMarked;
