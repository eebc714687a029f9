/**
 * One-sided RDMA, through DiSNI and our native half of it: clients read the agent's regions and
 * write into staging memory while no code of the agent runs.
 *
 * <p>Who may do what is the device's business, by protection domains. The regions are registered in
 * one, for reading only. Each connection that writes has a domain of its own, with its session's
 * staging memory in it and nothing else. A client shows its ticket in the request to connect, so
 * whoever has none never has a queue pair.
 */
@NullMarked
package io.imageharbour.pool.transport.rdma;

import org.jspecify.annotations.NullMarked;
