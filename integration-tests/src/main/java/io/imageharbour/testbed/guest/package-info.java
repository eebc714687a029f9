/** A virtual machine that has what this one lacks: an RDMA device, though in software. */
@NullMarked
package io.imageharbour.testbed.guest;

import org.jspecify.annotations.NullMarked;
