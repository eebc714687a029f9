/**
 * The FUSE protocol, spoken over {@code /dev/fuse} without a library: requests parsed and checked,
 * answers written, passthrough set up. Nothing here knows what files there are.
 */
package io.imageharbour.fusefs.kernel;
