/** TCP, with TLS where it is configured: for clusters without RDMA. */
@NullMarked
package io.imageharbour.pool.transport.tcp;

import org.jspecify.annotations.NullMarked;
