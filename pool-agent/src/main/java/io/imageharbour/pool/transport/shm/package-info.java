/** Shared memory: agent and client on one host; the agent passes its memory, the client maps it. */
@NullMarked
package io.imageharbour.pool.transport.shm;

import org.jspecify.annotations.NullMarked;
