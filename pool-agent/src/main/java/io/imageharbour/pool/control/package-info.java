/**
 * Which images the pool keeps: uses are counted in etcd's catalog, one agent leads, and the others
 * follow what it decides. Nothing of it is on the way of a read.
 */
@NullMarked
package io.imageharbour.pool.control;

import org.jspecify.annotations.NullMarked;
